import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BulkheadFullError, type OperoOptions } from '../../lib/index.js';
import { deferred, Harness, settle } from '../support/harness.js';

const never = () => new Promise<never>(() => undefined);

/** Begins calls by hand, to abort them, and counts what runs. */
function counting(harness: Harness, options: OperoOptions) {
  const operation = harness.operation(options);
  const state = { running: 0, most: 0, order: [] as unknown[] };
  const begin = (id: unknown, work: () => unknown) => {
    const method = async () => {
      state.order.push(id);
      state.most = Math.max(state.most, ++state.running);
      try {
        return await work();
      } finally {
        state.running--;
      }
    };
    return operation.start({ self: undefined, method, args: [id] }, harness.runtime.root);
  };
  return { operation, state, begin };
}

describe('bulkhead [peers 11]', () => {
  it('rejects at once above its concurrency, without a stack', async () => {
    const harness = new Harness();
    const { begin, state, operation } = counting(harness, { bulkhead: 2 });
    const work = deferred();
    const calls = Array.from({ length: 5 }, (_, id) => settle(begin(id, () => work.promise).result));
    await harness.clock.settle();
    work.resolve();
    const outcomes = await Promise.all(calls);
    expect(outcomes.map(({ ok }) => ok)).toEqual([true, true, false, false, false]);
    expect(outcomes[2]!.error).toBeInstanceOf(BulkheadFullError);
    expect(outcomes[2]!.error.stack).not.toContain('\n    at ');
    expect(state.most).toBe(2);
    expect(operation.monitor.counts['bulkhead-refusal']).toBe(3);
  });

  it('gives a freed slot to the first who waits, not to who comes in the same microtask', async () => {
    const harness = new Harness();
    const { begin, state } = counting(harness, { bulkhead: { concurrency: 1, queue: 1 } });
    const work = deferred();
    const first = begin('first', () => work.promise);
    const queued = begin('queued', () => 1);
    const late: Promise<unknown>[] = [];
    void first.result.then(() => {
      for (const id of ['newcomer', 'another']) late.push(settle(begin(id, () => 1).result));
    });
    work.resolve();
    await expect(queued.result).resolves.toBe(1);
    await harness.clock.settle();
    await Promise.all(late);
    expect(state.order.slice(0, 2)).toEqual(['first', 'queued']);
    expect(state.most).toBe(1);
  });

  it('is left in the same turn by a waiter that is aborted, whose method never runs', async () => {
    const harness = new Harness();
    const { begin, state } = counting(harness, { bulkhead: { concurrency: 1, queue: 1 } });
    const work = deferred();
    const first = begin('first', () => work.promise);
    const aborted = begin('aborted', () => 1);
    aborted.call.abort('enough');
    const next = begin('next', () => 2);
    await expect(aborted.result).rejects.toBe('enough');
    work.resolve();
    await first.result;
    await expect(next.result).resolves.toBe(2);
    expect(state.order).toEqual(['first', 'next']);
  });

  it('does not run the method of a call whose time was over in the queue', async () => {
    const harness = new Harness();
    const { begin, state } = counting(harness, {
      bulkhead: { concurrency: 1, queue: 9 },
      timeout: { total: 100 },
    });
    const calls = [begin('stuck', never), begin('queued', () => 1)].map(({ result }) => settle(result));
    await harness.clock.advance(100);
    expect((await Promise.all(calls)).map(({ error }) => error.code)).toEqual([
      'OPERO_TOTAL_TIMEOUT',
      'OPERO_TOTAL_TIMEOUT',
    ]);
    await harness.clock.settle();
    expect(state.order).toEqual(['stuck']);
  });

  it('lets nobody wait longer than maxWait', async () => {
    const harness = new Harness();
    const { begin } = counting(harness, { bulkhead: { concurrency: 1, queue: 9, maxWait: 50 } });
    const stuck = begin('stuck', never);
    const queued = settle(begin('queued', () => 1).result);
    await harness.clock.advance(50);
    expect((await queued).error).toBeInstanceOf(BulkheadFullError);
    stuck.call.abort('end');
    await settle(stuck.result);
    expect(harness.clock.pending).toBe(0);
  });

  it('is exactly free again after whatever happened', async () => {
    const works = ['answers', 'throws', 'throws at once', 'hangs', 'is aborted'] as const;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...works), { maxLength: 60 }), async (kinds) => {
        const harness = new Harness();
        const options: OperoOptions = {
          bulkhead: { concurrency: 2, queue: 60 },
          timeout: 40,
          retry: { retries: 1, minDelay: 0 },
        };
        const { begin, state } = counting(harness, options);
        const outcomes = kinds.map((kind, id) => {
          const work = {
            answers: () => harness.clock.settle(3),
            throws: () => Promise.reject(new Error('x')),
            'throws at once': () => { throw new Error('x'); },
            hangs: never,
            'is aborted': never,
          }[kind]; // prettier-ignore
          const { call, result } = begin(id, work);
          if (kind === 'is aborted') harness.clock.schedule(id % 30, () => call.abort('aborted')).unref();
          return settle(result);
        });
        const all = Promise.all(outcomes);
        await harness.outcome(all);
        const again = [begin('a', () => 1), begin('b', () => 2)].map(({ result }) => result);
        expect(await Promise.all(again)).toEqual([1, 2]);
        expect(harness.clock.pending).toBe(0);
        expect(state.order.filter((id) => id === 'a' || id === 'b')).toEqual(['a', 'b']);
      }),
      { numRuns: 200 },
    );
  });

  it('can be one for each key, or one for several methods', async () => {
    const harness = new Harness();
    const perUser = counting(harness, { bulkhead: { concurrency: 1, key: (id: string) => id } });
    const stuck = perUser.begin('alice', never);
    expect((await settle(perUser.begin('alice', () => 1).result)).error).toBeInstanceOf(BulkheadFullError);
    expect((await settle(perUser.begin('bob', () => 1).result)).ok).toBe(true);
    stuck.call.abort('end');
    await settle(stuck.result);

    const shared = { bulkhead: { concurrency: 1, name: 'database' } };
    const [first, second] = [counting(harness, shared), counting(harness, shared)];
    const holding = first.begin('first', never);
    expect((await settle(second.begin('second', () => 1).result)).error).toBeInstanceOf(BulkheadFullError);
    holding.call.abort('end');
    await settle(holding.result);
    expect(() => harness.operation({ bulkhead: { concurrency: 2, name: 'database' } })).toThrow(
      "bulkhead.name: got 'database'",
    );
  });

  it('is proved before the first call', () => {
    const define = (bulkhead: unknown) => () => new Harness().operation({ bulkhead } as OperoOptions);
    expect(define(0)).toThrow('bulkhead.concurrency: got 0, allowed: a whole number from 1 to 1000000');
    expect(define(true)).toThrow('bulkhead.concurrency: got nothing');
    expect(define({ concurrency: 1, maxWait: 5 })).toThrow('bulkhead.maxWait: got no queue beside it');
  });
});
