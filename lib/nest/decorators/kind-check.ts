import type { Observable } from 'rxjs';
import type {
  BulkheadOptions,
  CacheOptions,
  HedgeOptions,
  RateLimitOptions,
  RetryOptions,
  SingleFlightOptions,
  StrategySwitch,
  TimeoutOptions,
} from '../../strategies/index.js';
import type { WithFallback } from './fallback-type-check.js';

/** Inferred for an option given as an object. */
declare const written: unique symbol;

/** @internal The type inferred for an option: its short form, or {@link written} for an object. */
export type Written<Short> = Short | undefined | typeof written;

/**
 * @internal Options as they may be written. It infers which of them make a call wait: see {@link Waiting}. Editors show the
 * documentation of an option from an intersection, but not that of fields that are inferred: those options are replaced, and
 * repeat theirs.
 */
export type WithKinds<O, V, C, T, S, H, R, N, D, M, Q> = Omit<
  WithFallback<O, V>,
  'retry' | 'rateLimit' | 'bulkhead'
> & {
  cache?: C | (CacheOptions & StrategySwitch);
  timeout?: T | (TimeoutOptions & StrategySwitch);
  singleFlight?: S | (SingleFlightOptions & StrategySwitch);
  hedge?: H | (HedgeOptions & StrategySwitch);
  /**
   * Retry: repeats a call after transient errors, with a backoff. A number is `retries`; `true` is 3.
   * @default off
   */
  retry?: R | (RetryOptions & StrategySwitch & { retries?: N; minDelay?: D });
  /**
   * Rate limit: limits how many attempts start per interval. A number is the `limit` per second.
   * @default off
   */
  rateLimit?: boolean | number | (RateLimitOptions & StrategySwitch & { mode?: M });
  /**
   * Bulkhead: limits how many attempts run concurrently. A number is the `concurrency`.
   * @default off
   */
  bulkhead?: boolean | number | (BulkheadOptions & StrategySwitch & { queue?: Q });
};

/** @internal The given options that a synchronous method does not support. Options that may be off are ignored. */
export type Waiting<C, T, S, H, R, N, D, M, Q> =
  | On<C, 'cache'>
  | On<T, 'timeout'>
  | On<S, 'singleFlight'>
  | On<H, 'hedge'>
  | Pausing<R, N, D>
  | ([M] extends ['wait'] ? Named<M, "rateLimit with mode 'wait'"> : never)
  | (number extends Q ? never : [Q] extends [0] ? never : 'bulkhead with a queue');

/** @internal Like {@link Waiting}, on top of a profile, which may set retries without a delay. */
export type WaitingOver<C, T, S, H, D, M, Q> = Waiting<C, T, S, H, Explicit<D>, never, D, M, Q>;

type Named<M, Name> = [M] extends [never] ? never : Name;

type On<W, Name> = typeof written extends W
  ? Name
  : [W] extends [undefined]
    ? never
    : false extends W
      ? never
      : Name;

type Pausing<R, N, D> = typeof written extends R
  ? [N] extends [never]
    ? Delayed<D>
    : [N] extends [0]
      ? never
      : Delayed<D>
  : [R] extends [0 | undefined]
    ? never
    : false extends R
      ? never
      : number extends R
        ? never
        : 'retry with a delay';

/** Without `minDelay` the default of 100 ms applies. */
type Delayed<D> = [D] extends [never]
  ? 'retry with a delay'
  : number extends D
    ? never
    : [D] extends [0]
      ? never
      : 'retry with a delay';

type Explicit<D> = [D] extends [never] ? false : typeof written;

/**
 * The method if its return type supports the given options; otherwise a message as a compile error. A return type
 * that could be a promise is accepted.
 */
export type FittingKind<T, W> = [W] extends [never]
  ? T
  : [MaybeAsync<T>] extends [never]
    ? [`Opero: ${W & string} needs a method that returns a promise, and this one answers synchronously`]
    : [Extract<W, 'cache' | 'singleFlight' | 'hedge'>] extends [never]
      ? T
      : [MaybeNoStream<T>] extends [never]
        ? [
            `Opero: ${Extract<W, 'cache' | 'singleFlight' | 'hedge'>} needs a method that returns a promise, and this one returns an Observable`,
          ]
        : T;

// Each of these is `never` only when the opposite is certain. For a type parameter of the class, TypeScript asks whether
// the check could fail with any type in its place: for that no part of a union may be distributive, hence the boxes.

type MaybeAsync<T> = Several<T> | Any<Extract<Result<T>, Thenable | Observable<unknown>>> | Unsure<Result<T>>;

type MaybeNoStream<T> = Several<T> | Any<Exclude<Result<T>, Observable<unknown>>> | Unsure<Result<T>>;

type Any<R> = [R] extends [never] ? never : 1;

interface Thenable {
  then(...args: never[]): unknown;
}

type Result<T> = T extends (...args: never[]) => infer R ? R : never;

/** A type that includes promises, such as `any`, `unknown` or `object`; or `never`. */
type Unsure<R> = ([Promise<never>] extends [R] ? 1 : never) | ([R] extends [never] ? 1 : never);

/** Overloaded and generic methods: their return type depends on the call. */
type Several<T> = T extends (...args: infer A) => infer R ? (((...args: A) => R) extends T ? never : 1) : 1;
