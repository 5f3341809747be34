import { describe, expect, it } from '@jest/globals';
import { GradientLimit, type LimitBounds } from '../../lib/strategies/bulkhead/index.js';

const bounds: LimitBounds = { initial: 20, min: 1, max: 200 };

/** A downstream with so many workers, which queues what is more. */
const queueing = (workers: number, serviceTime: number) => (running: number) =>
  serviceTime * Math.max(1, running / workers);

/** As many calls at a time as the limit permits, again and again; the time afterwards. */
function saturate(
  limit: GradientLimit,
  from: number,
  duration: number,
  latencyOf: (running: number) => number,
  afterwards: (now: number) => void = () => undefined,
): number {
  let now = from;
  while (now < from + duration) {
    const running = limit.limit;
    const latency = latencyOf(running);
    now += latency;
    for (let left = running; left > 0; left--) limit.sample(now, latency, left, false);
    afterwards(now);
  }
  return now;
}

describe('GradientLimit', () => {
  it.each([
    [4, 40],
    [20, 40],
    [100, 10],
    [20, 200],
  ])('finds %d workers that take %d ms within 5 s, from 20', (workers, serviceTime) => {
    const limit = new GradientLimit(bounds, 0);
    saturate(limit, 0, 5_000, queueing(workers, serviceTime));
    expect(limit.estimate).toBeGreaterThanOrEqual(workers);
    expect(limit.estimate).toBeLessThanOrEqual(1.5 * workers);
    expect(limit.baseline).toBeCloseTo(serviceTime, -1);
  });

  it('does not drift away in an hour of overload', () => {
    const limit = new GradientLimit(bounds, 0);
    const start = saturate(limit, 0, 5_000, queueing(20, 40));
    let [least, most] = [Infinity, 0];
    saturate(limit, start, 3_600_000, queueing(20, 40), () => {
      least = Math.min(least, limit.estimate);
      most = Math.max(most, limit.estimate);
    });
    expect(least).toBeGreaterThanOrEqual(19);
    expect(most).toBeLessThanOrEqual(32);
  });

  it('neither grows nor falls while calls are not limited by it', () => {
    const limit = new GradientLimit(bounds, 0);
    for (let now = 40; now < 60_000; now += 40)
      for (let running = 12; running > 0; running--) limit.sample(now, 40, running, false);
    expect(limit.estimate).toBe(20);
    expect(limit.limit).toBe(20);
  });

  it('says nothing before it has samples enough', () => {
    const limit = new GradientLimit(bounds, 0);
    for (let sample = 0; sample < 9; sample++) limit.sample(1_000 + sample, 500, 20, false);
    expect(limit.baseline).toBeNaN();
    expect(limit.limit).toBe(20);
  });

  it('takes no sample of a call that began under an earlier limit', () => {
    const limit = new GradientLimit(bounds, 10_000);
    for (let sample = 0; sample < 500; sample++) limit.sample(10_000 + sample, 5_000, 20, false);
    expect(limit.baseline).toBeNaN();
  });

  it('keeps to its bounds, whatever happens', () => {
    const narrow = { initial: 8, min: 6, max: 12 };
    const fast = new GradientLimit(narrow, 0);
    saturate(fast, 0, 20_000, queueing(1_000, 40), () => expect(fast.limit).toBeLessThanOrEqual(12));
    expect(fast.estimate).toBe(12);
    const slow = new GradientLimit(narrow, 0);
    saturate(slow, 0, 20_000, queueing(1, 40), () => expect(slow.limit).toBeGreaterThanOrEqual(6));
    expect(slow.estimate).toBeLessThanOrEqual(8);
  });

  it('returns to what it was when it was lowered in vain: calls take longer, however few there are', () => {
    const limit = new GradientLimit(bounds, 0);
    const changed = saturate(limit, 0, 10_000, queueing(20, 40));
    const before = limit.estimate;
    let least = Infinity;
    saturate(limit, changed, 5_000, queueing(20, 200), () => (least = Math.min(least, limit.estimate)));
    expect(least).toBeLessThan(0.7 * before);
    expect(limit.estimate).toBeGreaterThanOrEqual(20);
  });

  it('has its old limit within 5 s when the downstream is well again', () => {
    const limit = new GradientLimit(bounds, 0);
    const weak = saturate(limit, 0, 20_000, queueing(4, 40));
    expect(limit.estimate).toBeLessThanOrEqual(6);
    saturate(limit, weak, 5_000, queueing(20, 40));
    expect(limit.estimate).toBeGreaterThanOrEqual(20);
  });

  it.each([
    ['falls to its floor where all calls time out', 1, 1, 1],
    ['falls where every third does', 3, 1, 10],
    ['does not fall where one of a hundred does', 100, 20, 40],
  ])('%s', (_, every, from, to) => {
    const limit = new GradientLimit(bounds, 0);
    const start = saturate(limit, 0, 10_000, queueing(20, 40));
    let calls = 0;
    for (let now = start; now < start + 20_000; now += 40) {
      const running = limit.limit;
      const latency = queueing(20, 40)(running);
      for (let left = running; left > 0; left--) limit.sample(now, latency, left, ++calls % every === 0);
    }
    expect(limit.estimate).toBeGreaterThanOrEqual(from);
    expect(limit.estimate).toBeLessThanOrEqual(to);
  });

  it('does not fall where calls take no time that could be measured, or hardly any', () => {
    for (const latencies of [[0], [0.02, 0.05, 0.3, 0.01]]) {
      const limit = new GradientLimit(bounds, 0);
      let calls = 0;
      for (let now = 0; now < 30_000; now += 10)
        for (let running = limit.limit; running > 0; running--)
          limit.sample(now, latencies[calls++ % latencies.length]!, running, false);
      expect(limit.estimate).toBeGreaterThanOrEqual(20);
    }
  });

  it('finds its way back from one slow window, and from one quick one', () => {
    for (const odd of [400, 1]) {
      const limit = new GradientLimit(bounds, 0);
      const start = saturate(limit, 0, 10_000, queueing(20, 40));
      const after = saturate(limit, start, 500, () => odd);
      saturate(limit, after, 5_000, queueing(20, 40));
      expect(limit.estimate).toBeGreaterThanOrEqual(18);
      expect(limit.estimate).toBeLessThanOrEqual(32);
    }
  });
});
