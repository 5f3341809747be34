import { expect, it } from '@jest/globals';
import { seededRandom } from '../../lib/core/time/index.js';
import type { BulkheadOptions } from '../../lib/index.js';
import { Harness } from '../support/harness.js';
import { outcomeOf, sendThrough, Upstream, type Phase } from '../support/upstream.js';

const SECOND = 1_000;
/** Within so long the limit must be found. */
const FOUND = 5 * SECOND;
const PHASE = 15 * SECOND;

async function run(bulkhead: BulkheadOptions, phases: readonly Phase[], spread: number, seed = 7) {
  const harness = new Harness();
  const random = seededRandom(seed);
  const upstream = new Upstream(harness.clock, random, spread);
  const call = harness.wrap({ bulkhead }, upstream.ask);
  const startedAt = harness.clock.now();
  const sent = await sendThrough(harness.clock, random, upstream, phases, () => call());
  return { sent, startedAt };
}

/** The fixed limit that answers most, and of those that answer hardly less the smallest, whose calls are quickest. */
async function bestFixed(phase: Phase, spread: number) {
  const few = { ...phase, duration: 4 * SECOND };
  const tried: ReturnType<typeof outcomeOf>[] = [];
  for (const share of [1, 1.25, 1.5]) {
    const concurrency = Math.round(share * phase.workers);
    const { sent, startedAt } = await run({ concurrency }, [few], spread);
    tried.push(outcomeOf(sent, startedAt + SECOND, startedAt + few.duration));
  }
  const goodput = Math.max(...tried.map((one) => one.goodput));
  return { goodput, p99: tried.find((one) => one.goodput >= 0.99 * goodput)!.p99 };
}

const well: Phase = { duration: PHASE, workers: 20, serviceTime: 40, load: 800 };

it.each<[string, Phase, number, number]>([
  ['a fifth of its workers', { ...well, workers: 4 }, 0, 7],
  [
    'a fifth of its workers, and answers that take from half to one and a half times as long',
    { ...well, workers: 4 },
    0.5,
    7,
  ],
  [
    'a fifth of its workers just when the limit is probed, and answers that take from half to one and a half times as long',
    { ...well, workers: 4 },
    0.5,
    4,
  ],
  ['a fifth of its speed', { ...well, serviceTime: 200 }, 0, 7],
  [
    'a fifth of its speed, and answers that take from half to one and a half times as long',
    { ...well, serviceTime: 200 },
    0.5,
    7,
  ],
])(
  'follows an upstream that loses all but %s, and has it back: 90 %% of the best goodput, p99 below twice the best',
  async (_, weak, spread, seed) => {
    const phases = [well, weak, well];
    const { sent, startedAt } = await run({ concurrency: 'adaptive' }, phases, spread, seed);
    for (const [index, phase] of phases.entries()) {
      const best = await bestFixed(phase, spread);
      const from = startedAt + index * PHASE;
      const whole = outcomeOf(sent, from, from + PHASE);
      const found = outcomeOf(sent, from + FOUND, from + PHASE);
      expect(whole.goodput).toBeGreaterThanOrEqual(0.9 * best.goodput);
      expect(found.goodput).toBeGreaterThanOrEqual(0.9 * best.goodput);
      expect(found.p99).toBeLessThan(2 * best.p99);
    }
  },
  120_000,
);

it('shows what a fixed bulkhead makes of the same upstream: late answers, or few', async () => {
  const phases = [well, { ...well, workers: 4 }, well];
  const p99Of = async (concurrency: number, index: number) => {
    const { sent, startedAt } = await run({ concurrency }, phases, 0);
    return outcomeOf(sent, startedAt + index * PHASE + FOUND, startedAt + (index + 1) * PHASE);
  };
  expect((await p99Of(25, 1)).p99).toBeGreaterThan(5 * 40);
  expect((await p99Of(5, 0)).goodput).toBeLessThan(0.3 * 500);
}, 120_000);
