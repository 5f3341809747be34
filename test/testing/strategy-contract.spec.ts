import { describe, expect, it } from '@jest/globals';
import {
  checks,
  defineStrategy,
  RefusedError,
  type GateStrategy,
  type OperoOptions,
  type OperoStrategies,
  type StrategyAttempt,
} from 'nestjs-opero';
import { strategyContract } from 'nestjs-opero/testing';
import { standardStrategies } from '../../lib/runtime/index.js';
import { quota } from '../support/quota.js';

/** Options with which calls wait, or are rejected, wherever the strategy does that. */
const builtIn: Record<Exclude<keyof OperoStrategies, 'quota' | 'broken'>, OperoOptions[]> = {
  fallback: [{ fallback: { value: 1 } }],
  cache: [{ cache: 1_000 }],
  singleFlight: [{ singleFlight: true }],
  timeout: [{ timeout: 100 }, { timeout: { total: 100 } }],
  retry: [{ retry: 3 }, { retry: { retries: 2, minDelay: 0 } }],
  argFallback: [{ argFallback: { param: 'item', values: ['a', 'b'] } }],
  hedge: [{ hedge: { delay: 50, idempotent: true } }],
  circuitBreaker: [{ circuitBreaker: true }],
  rateLimit: [
    { rateLimit: 2 },
    { rateLimit: { limit: 2, algorithm: 'smooth' } },
    { rateLimit: { limit: 2, mode: 'reject' } },
  ],
  bulkhead: [
    { bulkhead: 2 },
    { bulkhead: { concurrency: 'adaptive', adaptive: { initial: 2, max: 2 }, queue: 1 } },
    { bulkhead: { concurrency: 2, queue: 5, maxWait: 100 } },
    { bulkhead: { concurrency: 2, queue: 1, priority: () => 'sheddable' } },
  ],
};

const sets = Object.values(builtIn).flat();
const together: OperoOptions = Object.assign({}, ...sets.filter((options) => !('singleFlight' in options)));

describe.each([...sets, together])('%j', (options) => {
  for (const { name, run } of strategyContract({ options })) it(name, run);
});

it('has options for every built-in strategy', () => {
  expect(Object.keys(builtIn).sort()).toEqual([...standardStrategies.byOption.keys()].sort());
});

describe('a strategy of the app', () => {
  const contract = strategyContract({ strategies: [quota], options: { quota: 3 }, consumes: true });
  for (const { name, run } of contract) it(name, run);
});

declare module 'nestjs-opero' {
  interface OperoStrategies {
    broken: { options: object; errors: 'BROKEN' };
  }
}

class BrokenError extends RefusedError {
  readonly code = 'BROKEN';
}

/** A gate for two at a time that lets others wait 100 ms, with a mistake. */
type Mistake =
  | 'none'
  | 'forgets its timer'
  | 'cannot be cancelled'
  | 'keeps its place'
  | 'frees only what ran'
  | 'throws on entry'
  | 'throws on leaving';

const brokenWith = (mistake: Mistake) =>
  defineStrategy({
    name: 'broken',
    option: 'broken',
    kind: 'gate',
    after: 'bulkhead',
    allowed: 'true',
    schema: checks.fields({}),
    create(_options, { clock, operation }) {
      let taken = 0;
      const gate: GateStrategy = {
        kind: 'gate',
        enter(attempt: StrategyAttempt) {
          if (mistake === 'throws on entry') throw new Error('oops');
          if (taken < 2) return ++taken;
          const begin = (_resolve: (value: unknown) => void, reject: (reason: unknown) => void) => {
            const timer = clock.schedule(100, () => {
              const error = new BrokenError('full', operation, 0);
              attempt.refuse(error);
              reject(error);
            });
            return () => {
              if (mistake !== 'forgets its timer') timer.cancel();
            };
          };
          if (mistake !== 'cannot be cancelled') return attempt.wait(begin);
          return new Promise((resolve, reject) => void begin(resolve, reject));
        },
        leave(attempt) {
          if (mistake === 'frees only what ran' && !attempt.invoked) return;
          if (mistake !== 'keeps its place' || !attempt.stopped) taken--;
          if (mistake === 'throws on leaving') throw new Error('oops');
        },
      };
      return gate;
    },
  });

async function brokenCases(mistake: Mistake): Promise<string[]> {
  const broken: string[] = [];
  const cases = strategyContract({ strategies: [brokenWith(mistake)], options: { broken: {} } });
  for (const { name, run } of cases)
    await run().catch((error: Error) => broken.push(`${name}: ${error.message}`));
  return broken;
}

it.each<[Mistake, string[]]>([
  ['none', []],
  ['forgets its timer', ['ends calls that are cancelled while the method runs: 18 timers are left after all calls have ended']],
  ['cannot be cancelled', ['ends calls that are cancelled while the method runs: 18 timers are left']],
  ['keeps its place', ['admits as many as before after all were cancelled: fewer or more attempts were admitted']],
  ['frees only what ran', ['admits as many as before after a gate further in rejected all: fewer or more attempts were admitted']],
  ['throws on entry', ['leaves nothing behind when calls succeed: a call whose method succeeded failed with Error: oops']],
  ['throws on leaving', ['leaves nothing behind when calls succeed: a function of the strategy threw']],
])('finds that a gate that makes the mistake "%s" breaks the contract', async (mistake, expected) => {
  const broken = await brokenCases(mistake);
  for (const line of expected) expect(broken).toContainEqual(expect.stringContaining(line));
  if (expected.length === 0) expect(broken).toEqual([]);
}); // prettier-ignore

class FullError extends RefusedError {
  readonly code = 'FULL' as never;
}

describe('a gate whose promise resolves with a rejection', () => {
  const late = defineStrategy({
    name: 'late',
    option: 'late' as never,
    kind: 'gate',
    before: 'bulkhead',
    allowed: 'true or false',
    schema: checks.fields({}),
    create: (): GateStrategy<number> => {
      let taken = 0;
      return {
        kind: 'gate',
        enter: async (attempt) => (taken >= 2 ? attempt.refuse(new FullError('full', 'Test', 0)) : ++taken),
        leave: () => void taken--,
      };
    },
  });
  for (const { name, run } of strategyContract({
    options: { late: true } as OperoOptions,
    strategies: [late],
  }))
    it(name, run);
});

it('says so when the options turn no strategy on', () => {
  const [first] = strategyContract({ options: { retry: false } });
  expect(() => first!.run()).toThrow('which turn no strategy on');
});

it('fails calls with the error that the strategy acts on', async () => {
  const seen: unknown[] = [];
  const failure = () => new Error('expired');
  const fallback = (error: unknown) => seen.push(error);
  for (const { run } of strategyContract({ options: { fallback }, failure })) await run();
  expect(String(seen[0])).toBe('Error: expired');
});
