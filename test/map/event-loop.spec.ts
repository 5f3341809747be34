import { describe, expect, it } from '@jest/globals';
import { Batches, systemEventLoop, type EventLoop, type OpMapRunOptions } from '../../lib/map/index.js';
import { Harness } from '../support/harness.js';
import { nextTurn, runOver, upTo } from '../support/runs.js';

/** The real event loop, on a clock on which every reading is a ms later. */
const slow = (): EventLoop => {
  let now = 0;
  return { ...systemEventLoop, now: () => now++ };
};

/** Endless items, which count themselves. */
function counted() {
  const told = { pulled: 0, closed: false };
  const items = (function* () {
    try {
      while (true) yield told.pulled++;
    } finally {
      told.closed = true;
    }
  })();
  return { told, items };
}

describe('a run of items that take no time', () => {
  it.each<[string, OpMapRunOptions, () => number]>([
    ['all skipped', { shouldProcess: () => false }, () => 1],
    ['answered at once', {}, () => 1],
    ['skipped by a promise', { shouldProcess: async () => false }, () => 1],
    [
      'failing at once',
      {},
      () => {
        throw new RangeError('no');
      },
    ],
  ])('lets others go first, and is aborted by them: %s [hard 1.7]', async (_name, options, work) => {
    const harness = new Harness({ eventLoop: slow() });
    const { told, items } = counted();
    const run = runOver(harness, items, work, options);
    const outcome = run.then(undefined, (error: unknown) => error);
    for (let turn = 0; turn < 3; turn++) {
      const before = told.pulled;
      await nextTurn();
      await nextTurn();
      expect(told.pulled).toBeGreaterThan(before);
      expect(told.pulled - before).toBeLessThan(10_000);
    }
    run.abort(new Error('enough'));
    await expect(outcome).resolves.toMatchObject({ name: 'OpAbortedError', cause: { message: 'enough' } });
    expect(told.closed).toBe(true);
  });

  it('goes on for as long as it takes, in real time, on a clock that stands still [hard 1.7]', async () => {
    const harness = new Harness();
    let others = 0;
    const other = setInterval(() => others++, 5);
    const skipped = { shouldProcess: () => false };
    const results = await runOver(harness, upTo(200_000), (item) => item, skipped);
    clearInterval(other);
    expect(results).toHaveLength(200_000);
    expect(others).toBeGreaterThan(3);
  });

  it('stops a reader that takes long turns, too [hard 1.7]', async () => {
    const harness = new Harness({ eventLoop: slow() });
    const { items } = counted();
    let left = false;
    setImmediate(() => (left = true));
    for await (const result of runOver(harness, items, (item) => item)) {
      expect(result.index).toBeLessThan(10_000);
      if (left) break;
    }
    expect(left).toBe(true);
  });

  it('lets others go first while lists are put together [hard 1.7]', async () => {
    const { told, items } = counted();
    const lists = new Batches(items, 1_000_000, slow())[Symbol.asyncIterator]();
    void lists.next();
    await nextTurn();
    expect(told.pulled).toBeGreaterThan(0);
    expect(told.pulled).toBeLessThan(10_000);
  });

  it('does not stop for timers that a test has replaced [hard 1.7]', async () => {
    const original = globalThis.setImmediate;
    globalThis.setImmediate = (() => undefined) as unknown as typeof setImmediate;
    try {
      const harness = new Harness();
      expect(await runOver(harness, upTo(50_000), (item) => item)).toHaveLength(50_000);
    } finally {
      globalThis.setImmediate = original;
    }
  });
});

describe('a reader of a run', () => {
  it.each<[string, OpMapRunOptions, number]>([
    ['answered at once', {}, 10],
    ['answered at once, out of order', { ordered: false }, 10],
    ['all skipped', { shouldProcess: () => false }, 1],
    ['one at a time', { workers: 1 }, 1],
  ])(
    'that leaves with its first result has begun no more than the workers: %s [hard 1.7]',
    async (_name, options, most) => {
      const harness = new Harness();
      const { told, items } = counted();
      for await (const result of runOver(harness, items, (item) => item, options)) {
        expect(result.index).toBe(0);
        break;
      }
      expect(told).toEqual({ pulled: most, closed: true });
      await nextTurn();
      expect(told.pulled).toBe(most);
      expect(harness.runtime.root.busy).toBe(false);
    },
  );

  it('that never asks for anything begins nothing, and closes nothing that it did not open [hard 1.7]', async () => {
    let opened = false;
    const items = { [Symbol.iterator]: () => ((opened = true), [1][Symbol.iterator]()) };
    const run = runOver(new Harness(), items, (item) => item);
    let completed = false;
    run.progress$.subscribe({ complete: () => (completed = true) });
    const iterator = run[Symbol.asyncIterator]();
    await nextTurn();
    expect(await iterator.return!()).toEqual({ done: true, value: undefined });
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
    expect({ opened, completed }).toEqual({ opened: false, completed: true });
  });

  it('that stays away for long finds a full window, and no more [hard 1.7]', async () => {
    const { told, items } = counted();
    let taken = 0;
    for await (const result of runOver(new Harness(), items, (item) => item, { window: 40 })) {
      expect(result.index).toBe(taken++);
      for (let turn = 0; turn < 20; turn++) await nextTurn();
      expect(told.pulled).toBe(taken + 40);
      if (taken === 100) break;
    }
  });

  it('that leaves with several requests open gets an end to each [hard 1.7]', async () => {
    const run = runOver(new Harness(), upTo(3), () => new Promise<number>(() => undefined));
    const iterator = run[Symbol.asyncIterator]();
    const open = [iterator.next(), iterator.next()];
    await iterator.return!();
    const end = { done: true, value: undefined };
    expect(await Promise.all(open)).toEqual([end, end]);
  });
});

describe('an item without a result', () => {
  it.each([
    ['skipped', { shouldProcess: () => false }],
    ['failed', {}],
  ] as const)('costs no stack when it was %s, and says its name [hard 1.7]', async (reason, options) => {
    const fail = () => Promise.reject(new Error('no'));
    const [error] = await runOver(new Harness(), [1], fail, options);
    expect(error).toMatchObject({ reason, name: 'OpItemError' });
    expect((error as unknown as Error).stack).toMatch(/^OpItemError: item 0 .*$/);
  });
});
