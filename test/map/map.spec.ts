import { describe, expect, it } from '@jest/globals';
import { Injectable, type INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Readable } from 'node:stream';
import {
  batched,
  currentCall,
  InjectMapped,
  isItemError,
  isOk,
  mapped,
  OpAbortedError,
  OpItemError,
  OpMap,
  Opero,
  OperoService,
  type Mapped,
  type OpProgress,
} from '../../lib/index.js';
import { moduleWith } from '../support/apps.js';

const state = { running: 0, most: 0, aborted: 0, started: [] as number[] };

@Injectable()
class Work {
  @OpMap({ workers: 8 })
  async double(item: number, by = 2): Promise<number> {
    state.most = Math.max(state.most, ++state.running);
    await new Promise((resolve) => setImmediate(resolve));
    state.running--;
    return item * by;
  }

  @OpMap({ workers: 4, retry: { retries: 2, minDelay: 1 } })
  async odd(item: number): Promise<number> {
    if (item % 2 === 0) throw new Error(`even ${currentCall().attempt}`);
    return item;
  }

  @OpMap({ workers: 4, stopOnError: true })
  async strict(item: number): Promise<number> {
    state.started.push(item);
    if (item === 5) throw new Error('five');
    const { signal } = currentCall();
    return item < 5
      ? item
      : new Promise((_, reject) =>
          signal.addEventListener('abort', () => (state.aborted++, reject(signal.reason as Error))),
        );
  }

  @OpMap({ workers: 3, ordered: false })
  async unordered(item: number): Promise<number> {
    await new Promise((resolve) => setTimeout(resolve, item === 0 ? 30 : 1));
    return item;
  }

  @OpMap({ workers: 2, shouldProcess: async (item: number) => item !== 2 })
  async picky(item: number): Promise<number> {
    return item;
  }

  @OpMap({ workers: 2, batchSize: 3 })
  async sum(items: number[]): Promise<number> {
    return items.reduce((total, item) => total + item, 0);
  }

  @OpMap({ workers: 5, cache: 60_000 })
  async cached(item: string): Promise<string> {
    state.started.push(item.length);
    return item.toUpperCase();
  }

  @OpMap()
  sync(item: number): Promise<number> {
    return Promise.resolve(item);
  }

  @Opero()
  async alone(item: number): Promise<number> {
    return item;
  }
}

@Injectable()
class Reader {
  constructor(@InjectMapped(Work) readonly work: Mapped<Work>) {}
}

const start = async (): Promise<INestApplicationContext> => {
  Object.assign(state, { running: 0, most: 0, aborted: 0, started: [] });
  const reference = await Test.createTestingModule({
    imports: [moduleWith({ providers: [Work, Reader] })],
  }).compile();
  return reference.init();
};

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

/** A source that tells what was done with it. */
function source(count: number) {
  const told = { pulled: 0, returned: 0, overlapping: false };
  let pulling = false;
  const items: AsyncIterable<number> = {
    [Symbol.asyncIterator]: () => ({
      next: async () => {
        told.overlapping ||= pulling;
        pulling = true;
        await null;
        pulling = false;
        return told.pulled < count ? { done: false, value: told.pulled++ } : { done: true, value: undefined };
      },
      return: async () => {
        told.returned++;
        return { done: true, value: undefined };
      },
    }),
  };
  return { told, items };
}

describe('@OpMap [peers 21]', () => {
  it('works on one item when it is called directly', async () => {
    const app = await start();
    await expect(app.get(Work).double(4)).resolves.toBe(8);
    await expect(app.get(Work).double(4, 3)).resolves.toBe(12);
    await app.close();
  });

  it.each([
    ['an array', () => upTo(10_000)],
    ['a set', () => new Set(upTo(10_000))],
    [
      'a generator',
      () =>
        (function* () {
          yield* upTo(10_000);
        })(),
    ],
    [
      'an async generator',
      () =>
        (async function* () {
          yield* upTo(10_000);
        })(),
    ],
    ['a stream', () => Readable.from(upTo(10_000))],
  ])('maps %s of 10 000 in its order, never more than 8 at a time', async (_name, items) => {
    // prettier-ignore
    const app = await start();
    const results = await mapped(app.get(Work)).double(items() as Iterable<number>, 3);
    expect(results).toEqual(upTo(10_000).map((item) => item * 3));
    expect(state.most).toBe(8);
    await app.close();
  });

  it('keeps errors at their position, and runs each item through its own retries', async () => {
    const app = await start();
    const results = await mapped(app.get(Work)).odd([1, 2, 3]);
    expect(results.filter(isOk)).toEqual([1, 3]);
    const [error] = results.filter(isItemError);
    expect(error).toBeInstanceOf(OpItemError);
    expect(error).toMatchObject({
      index: 1,
      item: 2,
      reason: 'failed',
      attempts: 3,
      cause: expect.any(Error),
    });
    await expect(mapped(app.get(Work)).odd([1, 3]).values()).resolves.toEqual([1, 3]);
    await expect(mapped(app.get(Work)).odd([1, 2, 4]).values()).rejects.toMatchObject({
      errors: [{ index: 1 }, { index: 2 }],
    });
    await app.close();
  });

  it('takes nothing at all, and refuses what is no list of items', async () => {
    const app = await start();
    const work = mapped(app.get(Work));
    expect(await work.double([])).toEqual([]);
    expect(() => work.cached('http://a' as never)).toThrow('Work.cached: a string is one item: pass [item]');
    await expect(work.double(7 as never)).rejects.toThrow(
      'only an iterable or async iterable can be mapped, not number',
    );
    await expect(work.double(null as never)).rejects.toThrow('not null');
    await app.close();
  });

  it('does nothing until somebody looks, and can be looked at once', async () => {
    const app = await start();
    const { told, items } = source(3);
    const run = mapped(app.get(Work)).double(items);
    await new Promise((resolve) => setImmediate(resolve));
    expect(told.pulled).toBe(0);
    expect(run.progress).toEqual({ done: 0, succeeded: 0, failed: 0, skipped: 0, running: 0, elapsed: 0 });
    expect(await run).toEqual([0, 2, 4]);
    expect(await run).toEqual([0, 2, 4]);
    expect(() => run[Symbol.asyncIterator]()).toThrow('awaited or iterated');
    const iterated = mapped(app.get(Work)).double([1]);
    for await (const result of iterated)
      expect(result).toMatchObject({ index: 0, item: 1, ok: true, value: 2 });
    await expect(iterated).rejects.toThrow('cannot be awaited');
    await app.close();
  });

  it('streams with back-pressure, never pulling beyond its window, and closes a source that is left', async () => {
    const app = await start();
    const { told, items } = source(Infinity);
    const taken: number[] = [];
    for await (const result of mapped(app.get(Work)).double(items)) {
      taken.push(result.index);
      if (taken.length === 5) {
        for (let turn = 0; turn < 300; turn++) await new Promise((resolve) => setImmediate(resolve));
        break;
      }
    }
    expect(taken).toEqual([0, 1, 2, 3, 4]);
    expect(told.pulled).toBe(5 + 256);
    expect(told).toMatchObject({ returned: 1, overlapping: false });
    await app.close();
  });

  it('gives results as they come when order does not matter', async () => {
    const app = await start();
    const order: number[] = [];
    for await (const { index } of mapped(app.get(Work)).unordered(upTo(6))) order.push(index);
    expect(order.at(-1)).toBe(0);
    expect(await mapped(app.get(Work)).unordered(upTo(4))).toEqual([0, 1, 2, 3]);
    await app.close();
  });

  it('stops at the first error when asked to: siblings are aborted, nothing more is pulled', async () => {
    const app = await start();
    const { told, items } = source(100);
    const error = await mapped(app.get(Work))
      .strict(items)
      .then(undefined, (thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(OpItemError);
    expect(error).toMatchObject({ index: 5, item: 5, cause: { message: 'five' } });
    expect(told.returned).toBe(1);
    expect(told.pulled).toBeLessThan(15);
    await app.close();
  });

  it('fails with the error of its source, after what was begun has ended', async () => {
    const app = await start();
    const broken = async function* () {
      yield 1;
      throw new Error('the source');
    };
    await expect(mapped(app.get(Work)).double(broken())).rejects.toThrow('the source');
    const seen: unknown[] = [];
    const read = async () => {
      for await (const result of mapped(app.get(Work)).double(broken())) seen.push(result.index);
    };
    await expect(read()).rejects.toThrow('the source');
    expect(seen).toEqual([0]);
    await app.close();
  });

  it('leaves out what shouldProcess says no to', async () => {
    const app = await start();
    const results = await mapped(app.get(Work)).picky([1, 2, 3]);
    expect(results[1]).toMatchObject({ index: 1, item: 2, reason: 'skipped', attempts: 0 });
    await expect(mapped(app.get(Work)).picky([1, 2, 3]).values()).resolves.toEqual([1, 3]);
    await app.close();
  });

  it('ends within a turn when it is aborted, and loses nothing that was done', async () => {
    const app = await start();
    const never = new Promise<number>(() => undefined);
    const reason = new Error('enough');
    const opero = app.get(OperoService);
    const run = opero.map(upTo(100), (item) => (item < 3 ? item : never), { workers: 5 });
    const outcome = run.then(undefined, (error: unknown) => error as OpAbortedError);
    for (let turn = 0; turn < 50; turn++) await null;
    run.abort(reason);
    const error = (await outcome) as OpAbortedError;
    expect(error).toBeInstanceOf(OpAbortedError);
    expect(error.cause).toBe(reason);
    expect(error.results.slice(0, 3).map((result) => result.ok)).toEqual([true, true, true]);
    expect(error.results.slice(3).every((result) => !result.ok && result.error.reason === 'aborted')).toBe(
      true,
    );
    expect(error.results).toHaveLength(8);
    await app.close();
  });

  it('is aborted by a signal, before it starts too', async () => {
    const app = await start();
    const opero = app.get(OperoService);
    const reason = new Error('too late');
    const run = opero.map(upTo(10), async (item) => item, { signal: AbortSignal.abort(reason) });
    await expect(run).rejects.toMatchObject({ cause: reason, results: [] });
    await app.close();
  });

  it('shares the pipeline with direct calls: one cache, one limit', async () => {
    const app = await start();
    const service = app.get(Work);
    expect(await service.cached('a')).toBe('A');
    expect(await mapped(service).cached(['a', 'b', 'b'])).toEqual(['A', 'B', 'B']);
    expect(state.started).toHaveLength(2);
    await app.close();
  });

  it('is injected with @InjectMapped', async () => {
    const app = await start();
    await expect(app.get(Reader).work.double([1, 2]).values()).resolves.toEqual([2, 4]);
    await app.close();
  });

  it('puts items together for a method that takes a list', async () => {
    const app = await start();
    expect(await batched(app.get(Work)).sum(upTo(8)).values()).toEqual([3, 12, 13]);
    expect(() =>
      (batched(app.get(Work)) as unknown as { double(items: number[]): void }).double([1]),
    ).toThrow('Work.double has no batchSize');
    await app.close();
  });

  it('tells its progress, the latest at once, and completes with the run', async () => {
    const app = await start();
    const run = mapped(app.get(Work)).odd(upTo(10));
    const told: OpProgress[] = [];
    let completed = false;
    run.progress$.subscribe({ next: (progress) => told.push(progress), complete: () => (completed = true) });
    await run;
    expect(told[0]).toMatchObject({ total: 10, done: 0 });
    expect(told.at(-1)).toMatchObject({ total: 10, done: 10, succeeded: 5, failed: 5, running: 0 });
    expect(completed).toBe(true);
    await app.close();
  });

  it('names the class and the method that cannot be mapped', async () => {
    const app = await start();
    expect(() => (mapped(app.get(Work)) as unknown as { alone(items: number[]): void }).alone([1])).toThrow(
      'Work.alone cannot be mapped: it has no @OpMap()',
    );
    await app.close();
  });

  it('does not run out of stack when a million items are over at once', async () => {
    const app = await start();
    const count = (function* () {
      for (let item = 0; item < 1_000_000; item++) yield item;
    })();
    let done = 0;
    for await (const result of app.get(OperoService).map(count, (item) => item)) done += result.ok ? 1 : 0;
    expect(done).toBe(1_000_000);
    await app.close();
  }, 120_000);

  it('stops taking items when the app closes, and reports what it did [peers 23]', async () => {
    const app = await start();
    let release!: () => void;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const run = app
      .get(OperoService)
      .map(upTo(1_000), async (item) => (item < 10 ? item : gate.then(() => item)), { workers: 10 });
    const outcome = run.then(undefined, (error: unknown) => error as OpAbortedError);
    for (let turn = 0; turn < 200; turn++) await null;
    const closed = app.close();
    await new Promise((resolve) => setImmediate(resolve));
    release();
    await closed;
    const error = (await outcome) as OpAbortedError;
    expect(error.cause).toMatchObject({ code: 'OPERO_SHUTDOWN' });
    expect(error.results.filter((result) => result.ok)).toHaveLength(20);
  });
});
