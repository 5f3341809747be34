import { describe, expect, it } from '@jest/globals';
import { memorySize } from '../../lib/core/values/index.js';
import { MemoryStore } from '../../lib/strategies/cache/index.js';
import { Harness } from '../support/harness.js';
import { ManualClock } from '../support/manual-clock.js';

const entry = (value: unknown, keptUntil = Infinity) =>
  ({ storedAt: 0, expires: keptUntil, keptUntil, value }) as never;

describe('the entries in this process', () => {
  it('are swept when they are of no use, as others are added', () => {
    const store = new MemoryStore({ maxEntries: 100, maxSize: undefined });
    for (let id = 0; id < 50; id++) store.set(`short ${id}`, entry(id, 1_000), 0);
    store.set('long', entry(1, 100_000), 0);
    store.set('soon', entry(1, 100_000), 59_999);
    expect(store.size).toBe(52);
    store.set('later', entry(1, 100_000), 60_000);
    expect(store.size).toBe(3);
  });

  it('are served as long as an option says after their ttl, in spite of a sweep', async () => {
    const clock = new ManualClock();
    const harness = new Harness({ clock });
    let loads = 0;
    const cache = { ttl: 1_000, staleWhileRevalidate: 200_000 };
    const call = harness.wrap({ cache }, async (_id: number) => ++loads);
    await call(1);
    await clock.advance(150_000);
    await call(2);
    expect(await call(1)).toBe(1);
  });

  it('take no more than maxSize, the least recently used go first', async () => {
    const harness = new Harness({ caching: { maxSize: 50_000 } });
    let loads = 0;
    const call = harness.wrap({ cache: true }, async (id: number) => (loads++, `${id}`.padEnd(4_500)));
    for (const id of [1, 2, 3, 4, 5, 1, 6]) await call(id);
    expect(loads).toBe(6);
    await call(1);
    expect(loads).toBe(6);
    await call(2);
    expect(loads).toBe(7);
    expect(harness.warnings).toEqual([]);
  });

  it('that are larger than all may be are not kept, with one warning, and leave no older one', async () => {
    const harness = new Harness({ caching: { maxSize: 10_000 } });
    const lengths = [10, 10_000, 10_000];
    let loads = 0;
    const call = harness.wrap({ cache: 100 }, async () => 'x'.repeat(lengths[loads++]!));
    expect((await call()).length).toBe(10);
    expect((await call()).length).toBe(10);
    await harness.clock.advance(100);
    for (let turn = 0; turn < 2; turn++) expect((await call()).length).toBe(10_000);
    expect(loads).toBe(3);
    expect(harness.warnings).toEqual([
      'Test.method1 has a result that is larger than cache.maxSize, which is not kept in this process',
    ]);
  });
});

describe('the size of a value', () => {
  it('grows with what it holds, and counts shared parts once', () => {
    const part = { text: 'x'.repeat(1_000) };
    expect(memorySize('')).toBe(8);
    expect(memorySize('x'.repeat(1_000))).toBe(2_008);
    expect(memorySize([part, part])).toBeLessThan(memorySize([part, { ...part }]));
    expect(memorySize(Buffer.alloc(5_000))).toBeGreaterThan(5_000);
    expect(memorySize(new Map([['key', part]]))).toBeGreaterThan(memorySize(part));
    expect(memorySize(new Set(['x'.repeat(100)]))).toBeGreaterThan(200);
    expect(memorySize(2n ** 8_000n)).toBeGreaterThan(1_000);
  });

  it('ends for circles, and asks neither getters nor proxies', () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    expect(memorySize(circle)).toBeLessThan(100);
    const boom = () => {
      throw new Error('boom');
    };
    expect(memorySize(Object.defineProperty({}, 'getter', { get: boom }))).toBeLessThan(100);
    expect(memorySize(new Proxy({}, { ownKeys: boom, getOwnPropertyDescriptor: boom }))).toBeLessThan(100);
  });

  it('counts no further than asked', () => {
    const list = Array.from({ length: 100_000 }, (_, index) => ({ index }));
    expect(memorySize([list, list], 1_000)).toBeLessThan(1_000_000);
  });
});
