import { EventEmitter, on } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Batches,
  OpAbortedError,
  OpItemError,
  OpSourceError,
  type AnyIterable,
  type OpRun,
} from '../../lib/map/index.js';
import { Harness, settle } from '../support/harness.js';
import { nextTurn, runOver, upTo } from '../support/runs.js';

const unhandled: unknown[] = [];
const note = (reason: unknown) => unhandled.push(reason);
beforeEach(() => {
  unhandled.length = 0;
  process.on('unhandledRejection', note);
});
afterEach(async () => {
  await nextTurn();
  await nextTurn();
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
});

const thrower = (message: string) => () => {
  throw new Error(message);
};

/** An object whose property throws when it is read. */
const throwing = (name: string, rest: object = {}) =>
  Object.defineProperty({ ...rest }, name, { get: thrower(`the getter of ${name}`), enumerable: true });

/** A source that gives 1, then what `next` answers. */
function oneThen(next: () => unknown): AsyncIterable<number> {
  let asked = 0;
  const iterator = { next: () => (asked++ === 0 ? { done: false, value: 1 } : next()) };
  return { [Symbol.asyncIterator]: () => iterator as AsyncIterator<number> };
}

const double = async (item: number) => item * 2;

describe('a source that breaks the rules of iterators', () => {
  it.each<[string, () => unknown, string]>([
    ['nothing', () => undefined, "got undefined from the iterator's next()"],
    ['a promise of nothing', async () => undefined, "got undefined from the iterator's next()"],
    ['null', () => null, "got null from the iterator's next()"],
    ['a number', async () => 7, "got 7 from the iterator's next()"],
    ['a string', () => 'done', "got 'done' from the iterator's next()"],
    ['a getter of done that throws', () => throwing('done'), 'the getter of done'],
    ['a promise of such', async () => throwing('done'), 'the getter of done'],
    ['a getter of value that throws', async () => throwing('value', { done: false }), 'the getter of value'],
    ['a getter of then that throws', () => throwing('then'), 'the getter of then'],
    ['a then that throws', () => ({ then: thrower('the then') }), 'the then'],
    ['an error, thrown', thrower('the next'), 'the next'],
    ['an error, later', async () => thrower('the next')(), 'the next'],
    [
      'a promise whose own then throws',
      () => Object.assign(Promise.resolve(1), { then: thrower('own then') }),
      'own then',
    ],
  ])(
    'fails the run with what was done, when next answers with %s [hard 1.6]',
    async (_name, next, message) => {
      const harness = new Harness();
      const error = await runOver(harness, oneThen(next), double).then(
        undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(OpSourceError);
      expect(error).toBeInstanceOf(OpAbortedError);
      const { cause, results, message: text } = error as OpSourceError;
      expect(String((cause as Error).message)).toContain(message);
      expect(text).toContain(message);
      expect(results).toEqual([{ index: 0, item: 1, ok: true, value: 2 }]);
    },
  );

  it.each<[string, () => unknown, string]>([
    [
      'has no next',
      () => ({ [Symbol.asyncIterator]: () => ({}) }),
      'got an iterator whose next is undefined, allowed: a function',
    ],
    [
      'gives no iterator',
      () => ({ [Symbol.asyncIterator]: () => undefined }),
      'got undefined from the source',
    ],
    ['throws when it is opened', () => ({ [Symbol.iterator]: thrower('the opening') }), 'the opening'],
    [
      'has a getter of its iterator that throws',
      () => Object.defineProperty({}, Symbol.asyncIterator, { get: thrower('the getter') }),
      'the getter',
    ],
    [
      'has a getter of next that throws',
      () => ({ [Symbol.iterator]: () => throwing('next') }),
      'the getter of next',
    ],
    ['is a revoked proxy', revoked, 'revoked'],
  ])('fails the run clearly, when it %s [hard 1.6]', async (_name, items, message) => {
    const harness = new Harness();
    const failed = (run: PromiseLike<unknown>) => expect(run).rejects.toThrow(message);
    await failed(runOver(harness, items() as Iterable<number>, double));
    await failed(read(runOver(harness, items() as Iterable<number>, double)));
    expect(harness.runtime.root.busy).toBe(false);
  });

  it('is answered once by a thenable that answers twice [hard 1.6]', async () => {
    let asked = 0;
    const next = () => ({
      then: (resolve: (result: object) => void) => {
        const result = { done: ++asked > 3, value: asked };
        resolve(result);
        resolve({ done: false, value: 'again' });
      },
    });
    const items = { [Symbol.asyncIterator]: () => ({ next }) } as unknown as AsyncIterable<number>;
    expect(await runOver(new Harness(), items, double)).toEqual([2, 4, 6]);
  });

  it.each<[string, object]>([
    ['never answers', { return: () => new Promise(() => undefined) }],
    ['throws', { return: thrower('the return') }],
    ['rejects', { return: async () => thrower('the return')() }],
    ['is a getter that throws', throwing('return')],
    ['answers with a getter of then that throws', { return: () => throwing('then') }],
    ['is no function', { return: 7 }],
  ])('does not hold up a reader that leaves, when its return %s [hard 1.6]', async (_name, rest) => {
    const harness = new Harness();
    let count = 0;
    const iterator = Object.defineProperties(
      { next: async () => ({ done: false, value: count++ }) },
      Object.getOwnPropertyDescriptors(rest),
    );
    const items = { [Symbol.asyncIterator]: () => iterator } as unknown as AsyncIterable<number>;
    for await (const result of runOver(harness, items, double)) {
      if (result.index === 2) break;
    }
    await nextTurn();
    expect(harness.runtime.root.busy).toBe(false);
  });

  it('is closed after its next, when that next ends the run [hard 1.1] [hard 1.6]', async () => {
    let closed = false;
    const abort = () => run.abort(new Error('enough'));
    const items = (function* () {
      try {
        for (let item = 0; ; item++) {
          if (item === 3) abort();
          yield item;
        }
      } finally {
        closed = true;
      }
    })();
    const run: OpRun<number, number> = runOver(new Harness(), items, double);
    const { error } = await settle(Promise.resolve(run));
    expect(error).toBeInstanceOf(OpAbortedError);
    expect((error as OpAbortedError).results.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(closed).toBe(true);
  });

  it('is closed when opening it ends the run [hard 1.1]', async () => {
    let closed = false;
    const items = {
      [Symbol.iterator]: () => {
        run.abort(new Error('enough'));
        return { next: () => ({ done: false, value: 1 }), return: () => ((closed = true), { done: true }) };
      },
    } as unknown as Iterable<number>;
    const run: OpRun<number, number> = runOver(new Harness(), items, double);
    await expect(run).rejects.toMatchObject({ cause: { message: 'enough' }, results: [] });
    expect(closed).toBe(true);
  });

  it('may start its own run again while it is asked [hard 1.1]', async () => {
    let asked = 0;
    const items = {
      [Symbol.iterator]: () => ({ next: () => (run.start(), { done: asked === 5, value: asked++ }) }),
    } as Iterable<number>;
    const run: OpRun<number, number> = runOver(new Harness(), items, double);
    expect(await run).toEqual([0, 2, 4, 6, 8]);
  });
});

describe('what a run has done before it failed', () => {
  const broken = async function* (count: number) {
    yield* upTo(count);
    throw new Error('the source');
  };

  it('is in the error of a source that fails, in the order of the items [hard 1.6]', async () => {
    const slowest = async (item: number) => {
      for (let turn = 0; turn < 5 - item; turn++) await nextTurn();
      if (item === 1) throw new Error('one');
      return item;
    };
    const error = await runOver(new Harness(), broken(4), slowest).then(
      undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({
      name: 'OpSourceError',
      message: 'the source of the items failed: the source',
      cause: { message: 'the source' },
      results: [
        { index: 0, ok: true, value: 0 },
        { index: 1, ok: false, error: { reason: 'failed', cause: { message: expect.any(String) } } },
        { index: 2, ok: true, value: 2 },
        { index: 3, ok: true, value: 3 },
      ],
    });
  });

  it('was given to the reader before the source failed [hard 1.6]', async () => {
    const seen: number[] = [];
    const read = async () => {
      for await (const { index } of runOver(new Harness(), broken(3), double)) seen.push(index);
    };
    await expect(read()).rejects.toMatchObject({
      name: 'OpSourceError',
      cause: { message: 'the source' },
      results: [],
    });
    expect(seen).toEqual([0, 1, 2]);
  });

  it('is in the error of an item that stops the run [hard 1.6]', async () => {
    const work = async (item: number) => {
      if (item === 3) throw new Error('three');
      return item > 3 ? new Promise<number>(() => undefined) : item;
    };
    const options = { workers: 2, stopOnError: true };
    const error = await runOver(new Harness(), upTo(100), work, options).then(undefined, (e: unknown) => e);
    expect(error).toBeInstanceOf(OpItemError);
    expect(error).toMatchObject({ index: 3, reason: 'failed' });
    const { results } = error as OpItemError<number>;
    expect(results!.slice(0, 3)).toEqual(
      upTo(3).map((index) => ({ index, item: index, ok: true, value: index })),
    );
    expect(results![3]).toMatchObject({ index: 3, ok: false, error });
    expect(results!.slice(4).every((result) => !result.ok && result.error.reason === 'aborted')).toBe(true);
    expect(() => JSON.stringify(error)).not.toThrow();
  });

  it('comes as a last, shorter list before the error of the source of batched() [hard 1.6]', async () => {
    const batches = (items: AnyIterable<number>) => new Batches(items, 3);
    const sum = async (list: number[]) => list.reduce((total, item) => total + item, 0);
    const error = await runOver(new Harness(), batches(broken(5)), sum).then(undefined, (e: unknown) => e);
    expect(error).toMatchObject({
      cause: { message: 'the source' },
      results: [
        { item: [0, 1, 2], value: 3 },
        { item: [3, 4], value: 7 },
      ],
    });
    expect(await runOver(new Harness(), batches(upTo(5)), sum)).toEqual([3, 7]);
    await expect(runOver(new Harness(), batches(7 as never), sum)).rejects.toThrow('not number');
  });

  it('of batched() is closed when the run ends while it waits for an item [hard 1.6]', async () => {
    const emitter = new EventEmitter();
    const run = runOver(new Harness(), new Batches(on(emitter, 'item'), 2), async () => 1);
    const outcome = settle(run as PromiseLike<unknown> as Promise<unknown>);
    await nextTurn();
    emitter.emit('item', 1);
    await nextTurn();
    expect(emitter.listenerCount('item')).toBe(1);
    run.abort();
    expect((await outcome).error).toBeInstanceOf(OpAbortedError);
    expect(emitter.listenerCount('item')).toBe(0);
  });

  it.each([true, false])(
    'of batched() is asked for nothing more once the run has ended, whatever it gives, at once: %s [hard 1.6]',
    async (atOnce) => {
      let asked = 0;
      let closed = 0;
      const answer = () => ({ done: false, value: ++asked });
      const iterator = {
        next: () => (atOnce ? answer() : nextTurn().then(answer)),
        return: () => (closed++, { done: true, value: undefined }),
      };
      const source = { [Symbol.asyncIterator]: () => iterator } as unknown as AsyncIterable<number>;
      const run = runOver(new Harness(), new Batches(source, 1_000_000_000), async () => 1);
      const outcome = settle(run as PromiseLike<unknown> as Promise<unknown>);
      await nextTurn();
      run.abort();
      expect((await outcome).error).toBeInstanceOf(OpAbortedError);
      for (let turn = 0; turn < 3; turn++) await nextTurn();
      const before = asked;
      for (let turn = 0; turn < 10; turn++) await nextTurn();
      expect(asked).toBe(before);
      expect(closed).toBe(1);
    },
  );

  it('that fails with the error of an item leaves that item failed, not aborted [hard 1.6]', async () => {
    const down = new Error('down');
    const source = async function* () {
      yield 1;
      throw down;
    };
    const work = () => nextTurn().then(() => Promise.reject(down));
    const error = await runOver(new Harness(), source(), work).then(undefined, (e: unknown) => e);
    expect(error).toMatchObject({ cause: down, results: [{ ok: false, error: { reason: 'failed' } }] });
  });

  it('counts the lists of batched() where the items say how many they are [hard 4.7]', () => {
    expect(new Batches(upTo(7), 3).size).toBe(3);
    expect(new Batches(broken(3), 3).size).toBeUndefined();
    const run = runOver(new Harness(), new Batches(new Set(upTo(7)), 3), async (list) => list);
    expect(run.progress.total).toBe(3);
  });
});

function revoked(): Iterable<number> {
  const { proxy, revoke } = Proxy.revocable([1], {});
  revoke();
  return proxy;
}

async function read(run: OpRun<unknown>): Promise<number> {
  let count = 0;
  for await (const result of run) count += result.ok ? 1 : 0;
  return count;
}
