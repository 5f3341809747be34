import { describe, expect, it } from '@jest/globals';
import { currentCall } from '../../lib/core/call/index.js';
import { OpAbortedError, type OpMapRunOptions, type OpRun } from '../../lib/map/index.js';
import type { OperoOptions } from '../../lib/runtime/index.js';
import { Harness } from '../support/harness.js';
import { nextTurn, runOver, upTo } from '../support/runs.js';

const enough = new Error('enough');
const never = () => new Promise<number>(() => undefined);

/** How a run ends that is aborted while it works, and how many items were begun after that. */
async function ended(
  make: (harness: Harness, abort: () => void, begun: number[]) => OpRun<unknown, number>,
): Promise<{ error: OpAbortedError<unknown, number>; late: number[]; harness: Harness }> {
  const harness = new Harness();
  const begun: number[] = [];
  let before = Infinity;
  const abort = () => {
    before = begun.length;
    run.abort(enough);
  };
  const run: OpRun<unknown, number> = make(harness, () => abort(), begun);
  const outcome = run.then(
    () => undefined,
    (error: unknown) => error,
  );
  const error = await Promise.race([outcome, turns(20)]);
  await turns(3);
  expect(error).toBeInstanceOf(OpAbortedError);
  return { error: error as OpAbortedError<unknown, number>, late: begun.slice(before), harness };
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await nextTurn();
}

const reasons = (error: OpAbortedError) =>
  error.results.map((result) => (result.ok ? 'ok' : result.error.reason));

describe('a run that is aborted by its own', () => {
  it.each<[string, OpMapRunOptions, OperoOptions]>([
    ['alone', { workers: 3 }, {}],
    ['with retries', { workers: 3 }, { retry: 3 }],
    ['with a limit on its time', { workers: 3 }, { timeout: 1_000 }],
    ['with a cache', { workers: 3 }, { cache: true }],
    ['with hedges', { workers: 3 }, { hedge: { delay: 5, idempotent: true } }],
  ])('first item, in its synchronous part, ends, %s [hard 1.1]', async (_name, options, itemOptions) => {
    const { error, late } = await ended((harness, abort, begun) =>
      runOver(
        harness,
        upTo(10),
        (item) => {
          begun.push(item);
          if (begun.length === 1) abort();
          return never();
        },
        options,
        itemOptions,
      ),
    );
    expect(error.cause).toBe(enough);
    expect(late).toEqual([]);
    expect(new Set(reasons(error))).toEqual(new Set(['aborted']));
  });

  it('later items, in their synchronous part, ends, and keeps what was done [hard 1.1]', async () => {
    const { error, late } = await ended((harness, abort, begun) =>
      runOver(
        harness,
        upTo(10),
        (item) => {
          begun.push(item);
          if (item === 4) abort();
          return item < 4 ? item : never();
        },
        { workers: 2 },
      ),
    );
    expect(late).toEqual([]);
    expect(reasons(error).slice(0, 4)).toEqual(['ok', 'ok', 'ok', 'ok']);
    expect(new Set(reasons(error).slice(4))).toEqual(new Set(['aborted']));
    expect(error.results.at(-1)).toMatchObject({ ok: false, error: { attempts: 1 } });
  });

  it.each([
    ['at once', (abort: () => void) => (abort(), true)],
    ['with a promise that never settles', (abort: () => void) => (abort(), never().then(() => true))],
    ['with a no', (abort: () => void) => (abort(), false)],
    [
      'with an error',
      (abort: () => void) => {
        abort();
        throw new Error('a predicate');
      },
    ],
    ['later', (abort: () => void) => nextTurn().then(() => (abort(), true))],
  ])('shouldProcess, which answers %s, ends, and begins nothing [hard 1.1]', async (_name, answer) => {
    const { error, late } = await ended((harness, abort, begun) =>
      runOver(harness, upTo(10), (item) => begun.push(item), {
        workers: 3,
        shouldProcess: (_item: number, index) => (index === 0 ? answer(abort) : never().then(() => true)),
      }),
    );
    expect(late).toEqual([]);
    expect(error.results.length).toBeLessThanOrEqual(3);
  });

  it('subscriber to its progress, ends, with all that was done [hard 1.1]', async () => {
    const { error, late } = await ended((harness, abort, begun) => {
      const run = runOver(
        harness,
        upTo(10),
        async (item) => {
          begun.push(item);
          return item;
        },
        { workers: 1 },
      );
      run.progress$.subscribe(({ done }) => done === 1 && abort());
      return run;
    });
    expect(late).toEqual([]);
    expect(reasons(error)).toEqual(['ok']);
  });

  it('onRetry, ends at once, and does not wait for the backoff [hard 1.1]', async () => {
    const { error, harness } = await ended((made, abort, begun) =>
      runOver(
        made,
        upTo(3),
        async (item) => {
          begun.push(item);
          throw new Error('down');
        },
        { workers: 1 },
        { retry: { retries: 3, minDelay: 20_000, jitter: 'none', onRetry: abort } },
      ),
    );
    expect(reasons(error)).toEqual(['aborted']);
    expect(error.results[0]).toMatchObject({ error: { attempts: 1 } });
    expect(harness.clock.now()).toBe(1_000);
  });

  it('fallback, ends [hard 1.1]', async () => {
    const { error } = await ended((harness, abort) =>
      runOver(
        harness,
        upTo(3),
        async () => {
          throw new Error('down');
        },
        { workers: 1 },
        { fallback: () => (abort(), never()) },
      ),
    );
    expect(reasons(error)).toEqual(['aborted']);
  });

  it('items that take no notice, ends a turn later [hard 1.1]', async () => {
    const harness = new Harness();
    const run = runOver(harness, upTo(5), () => never(), { workers: 2 });
    const outcome = run.then(undefined, (error: unknown) => error as OpAbortedError);
    await nextTurn();
    run.abort(enough);
    run.abort(new Error('once more'));
    const error = (await outcome) as OpAbortedError;
    expect(error.cause).toBe(enough);
    expect(reasons(error)).toEqual(['aborted', 'aborted']);
    expect(harness.runtime.root.busy).toBe(false);
  });

  it('signal listener, ends while it is iterated [hard 1.1]', async () => {
    const harness = new Harness();
    const seen: number[] = [];
    const run: OpRun<unknown, number> = runOver(
      harness,
      upTo(10),
      (item) => {
        if (item < 3) return item;
        currentCall().signal.addEventListener('abort', () => run.abort(new Error('inner')));
        run.abort(enough);
        return never();
      },
      { workers: 1 },
    );
    const reading = (async () => {
      for await (const result of run) if (result.ok) seen.push(result.index);
    })();
    await expect(reading).rejects.toMatchObject({ cause: enough });
    expect(seen).toEqual([0, 1, 2]);
  });

  it('abort before it begins, begins nothing, awaited or iterated [hard 1.1]', async () => {
    let opened = false;
    const items = { [Symbol.iterator]: () => ((opened = true), [1][Symbol.iterator]()) };
    const awaited = runOver(new Harness(), items, never);
    awaited.abort(enough);
    await expect(awaited).rejects.toMatchObject({ cause: enough, results: [] });
    const iterated = runOver(new Harness(), items, never);
    iterated.abort(enough);
    await expect(iterated[Symbol.asyncIterator]().next()).rejects.toMatchObject({ cause: enough });
    expect(opened).toBe(false);
  });
});

describe('the progress of a run', () => {
  it('that its subscriber ends at once is complete, with the last state', async () => {
    const harness = new Harness();
    const run = runOver(harness, upTo(3), never, { workers: 1 });
    const outcome = run.start().then(undefined, (error: unknown) => error);
    await turns(2);
    const heard: unknown[] = [];
    run.progress$.subscribe({
      next: ({ running }) => {
        heard.push(running);
        run.abort(enough);
      },
      complete: () => heard.push('complete'),
    });
    expect(await outcome).toBeInstanceOf(OpAbortedError);
    expect(heard).toEqual([1, 0, 0, 'complete']);
  });

  it('completes when a run is aborted that was never started', async () => {
    const run = runOver(new Harness(), upTo(3), never);
    const heard: unknown[] = [];
    run.progress$.subscribe({ complete: () => heard.push('complete') });
    run.abort(enough);
    expect(heard).toEqual(['complete']);
    await expect(Promise.resolve(run)).rejects.toBeInstanceOf(OpAbortedError);
  });
});
