import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import type { OperoOptions } from '../../lib/runtime/index.js';
import { deferred, Harness } from '../support/harness.js';

const collect = globalThis.gc!;

async function alive(refs: readonly WeakRef<object>[]): Promise<number> {
  for (let round = 0; round < 5; round++) {
    await sleep(2);
    collect();
  }
  return refs.filter((ref) => ref.deref()).length;
}

describe('what lasts', () => {
  it.each<[string, OperoOptions]>([
    ['alone', {}],
    ['with a limit on its time', { timeout: 60_000 }],
    ['with hedges', { hedge: { delay: 50, idempotent: true } }],
    ['with shared loads', { singleFlight: true }],
    ['with a circuit, retries and a fallback', { circuitBreaker: true, retry: 1, fallback: { value: 0 } }],
  ])('is not the calls before one that each has begun and not waited for, %s [hard 1.2]', async (_name, options) => {
    const harness = new Harness();
    const payloads: WeakRef<object>[] = [];
    const over = deferred();
    const poll = harness.wrap(options, async (round: number, payload: object) => {
      payloads.push(new WeakRef(payload));
      await null;
      if (round === 300) return over.resolve(), new Promise(() => undefined);
      void poll(round + 1, { round });
    });
    void poll(0, {});
    await over.promise;
    expect(await alive(payloads)).toBeLessThan(10);
    expect(harness.runtime.root.busy).toBe(true);
  }); // prettier-ignore

  it('is not what nested calls of a call without an end have failed with [hard 4.3]', async () => {
    const harness = new Harness();
    const errors: WeakRef<object>[] = [];
    const over = deferred();
    const step = harness.wrap({ retry: { retries: 1, minDelay: 0, budget: false } }, async () => {
      const error = new Error('failed');
      errors.push(new WeakRef(error));
      throw error;
    });
    const work = harness.wrap({}, async () => {
      for (let round = 0; round < 300; round++) await step().catch(() => undefined);
      over.resolve();
      await new Promise(() => undefined);
    });
    void work();
    await over.promise;
    expect(await alive(errors)).toBeLessThan(10);
  });
});
