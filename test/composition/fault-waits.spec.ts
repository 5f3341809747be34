import { expect, it } from '@jest/globals';
import type { OperoOptions } from '../../lib/index.js';
import { seededRandom } from '../../lib/core/time/index.js';
import { Harness, settle } from '../support/harness.js';

const RUNS = 400;

/** Calls in calls through bulkheads and shared loads, by chance; whether all of them come to an end. */
async function allEnd(seed: number): Promise<boolean> {
  const random = seededRandom(seed);
  const pick = (count: number) => Math.floor(random() * count);
  const harness = new Harness();
  const singleFlight = { key: (key: string) => key };
  const hedge = { delay: 3, idempotent: true };
  const slots = (): OperoOptions => ({
    bulkhead: { concurrency: 1 + pick(2), queue: 9 },
    ...(random() < 0.2 && { hedge }),
  });
  const all = [slots(), slots(), slots(), { ...slots(), singleFlight }, { singleFlight }, { singleFlight }];
  const operations = all.map((options) => harness.operation(options));
  const controllers: AbortController[] = [];
  const begin = (depth: number): Promise<unknown> => {
    const nested = depth < 4 ? pick(3) : 0;
    const wait = pick(4);
    const controller = random() < 0.1 ? new AbortController() : undefined;
    if (controller) controllers.push(controller);
    const method = async () => {
      await harness.clock.settle(wait);
      for (let index = 0; index < nested; index++) {
        const { error } = await settle(begin(depth + 1));
        if (error && random() < 0.5) throw error;
      }
    };
    const invocation = { self: undefined, method, args: [`key ${pick(2)}`] };
    const operation = operations[pick(operations.length)]!;
    return operation.start(invocation, harness.runtime.scope, controller?.signal).result;
  };
  const calls = Array.from({ length: 4 }, () => settle(begin(0)));
  let over = false;
  void Promise.all(calls).then(() => (over = true));
  for (let step = 0; step < 60 && !over; step++) {
    await harness.clock.settle(40);
    controllers.shift()?.abort(new Error('enough'));
    await harness.clock.advance(3);
  }
  return over;
}

it(`no call waits for itself through whichever bulkheads and loads, in ${RUNS} random runs [hard 1.9] [hard 1.14]`, async () => {
  const stuck: number[] = [];
  for (let seed = 0; seed < RUNS; seed++) if (!(await allEnd(seed))) stuck.push(seed);
  expect(stuck).toEqual([]);
});
