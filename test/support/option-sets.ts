import fc from 'fast-check';
import type { OperoOptions } from '../../lib/runtime/index.js';

/** What functions of the options do besides answering; set by whoever runs a scenario. */
export interface Misuse {
  abort: () => void;
}

/** A function of the options: answers as it should, or does what it should not. */
type Answering<T> = (misuse: Misuse) => (...args: never[]) => T;

const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

const broken = (): never => {
  throw new Error('a function of the options');
};

const answering = <T>(...values: T[]): fc.Arbitrary<Answering<T>> =>
  fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom<Answering<T>>(...values.map((value) => () => () => value)) },
    {
      weight: 1,
      arbitrary: fc.constantFrom<Answering<T>>(
        () => broken,
        ({ abort }) =>
          () => (abort(), values[0]!),
        ({ abort }) =>
          () => (abort(), broken()),
        () => () => Promise.resolve(values[0]) as never,
        () => () => Object.defineProperty({}, 'then', { get: broken }) as never,
      ),
    },
  );

/** Puts the functions of a set of options together with what they may reach. */
const bound = <O>(options: O, misuse: Misuse): never => {
  if (typeof options === 'function') return (options as unknown as Answering<unknown>)(misuse) as never;
  if (typeof options !== 'object' || options === null || Array.isArray(options)) return options as never;
  return Object.fromEntries(
    Object.entries(options).map(([key, value]) => [key, bound(value, misuse)]),
  ) as never;
};

const key = answering('key', 'other');

const strategies = (limited: boolean) => ({
  retry: maybe(
    fc.record({
      retries: fc.integer({ min: 0, max: 3 }),
      minDelay: fc.constantFrom(0, 10, 200),
      backoff: fc.oneof(
        fc.constantFrom('exponential', 'linear', 'constant', 'fibonacci'),
        answering(0, 50, NaN),
      ),
      jitter: fc.constantFrom('full', 'equal', 'decorrelated', 'none'),
      exhausted: maybe(fc.constantFrom('aggregate', 'last')),
      retryOn: maybe(answering(true, false)),
      retryOnResult: maybe(answering(false, true)),
      onRetry: maybe(answering(undefined)),
    }),
  ),
  timeout: limited
    ? fc.record({ attempt: fc.constantFrom(50, 500, 1_000), total: maybe(fc.constantFrom(1_000, 2_500)) })
    : fc.constant(undefined),
  fallback: maybe(
    fc.oneof(
      fc.constant({ value: 'fallback' }),
      fc.record({ use: answering<unknown>('answer', Promise.reject(undefined).catch(() => 1)), on: maybe(answering(true, false)) }), // prettier-ignore
    ),
  ),
  hedge: maybe(fc.record({ delay: fc.constantFrom(10, 40), maxHedges: fc.integer({ min: 1, max: 2 }), idempotent: fc.constant(true) })), // prettier-ignore
  cache: maybe(fc.record({ ttl: fc.constantFrom(100, 60_000), key, when: maybe(answering(true, false)), unless: maybe(answering(false, true)), staleIfError: maybe(fc.constant(1_000)), staleWhileRevalidate: maybe(fc.constant(500)), refreshAhead: maybe(fc.constant(1)) })), // prettier-ignore
  singleFlight: maybe(fc.record({ key })),
  circuitBreaker: maybe(
    fc.record({
      window: fc.constant({ type: 'consecutive', size: 1 }),
      openDuration: fc.oneof(fc.constant(100), answering(100, -1)),
      halfOpenTimeout: fc.constant(50),
      key: maybe(key),
      failureOn: maybe(answering(true, false)),
    }),
  ),
  bulkhead: maybe(
    fc.record({
      concurrency: fc.constantFrom(1, 2, 'adaptive'),
      queue: fc.constantFrom(1, 4),
      priority: maybe(answering('critical', 'normal', 'sheddable')),
      maxWait: maybe(fc.constantFrom(0, 300)),
      key: maybe(key),
    }),
  ),
  rateLimit: maybe(
    fc.record({
      limit: fc.integer({ min: 1, max: 3 }),
      algorithm: fc.constantFrom('window', 'smooth'),
      mode: fc.constantFrom('wait', 'reject'),
      maxWait: fc.constantFrom(0, 500, 9_000),
      key: maybe(key),
    }),
  ),
  onSuccess: maybe(answering(undefined)),
  onFailure: maybe(answering(undefined)),
  onFallback: maybe(answering(undefined)),
});

/** Options whose functions throw, abort, and answer nonsense. Without a limit an attempt may take what it takes. */
export const optionSets = (limited: boolean): fc.Arbitrary<(misuse: Misuse) => OperoOptions> =>
  fc.record(strategies(limited)).map((options) => (misuse: Misuse) => bound(options, misuse));
