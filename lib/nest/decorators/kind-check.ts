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

/** What is inferred for an option that is written as an object. */
declare const written: unique symbol;

/** @internal What may be inferred for an option: its short form, or that it is an object. */
export type Written<Short> = Short | undefined | typeof written;

/** @internal Options as they may be written, of which is kept what has a call wait: see {@link Waiting}. */
export type WithKinds<O, V, C, T, S, H, R, N, D, M, Q> = Omit<
  WithFallback<O, V>,
  'cache' | 'timeout' | 'singleFlight' | 'hedge' | 'retry' | 'rateLimit' | 'bulkhead'
> & {
  cache?: C | (CacheOptions & StrategySwitch);
  timeout?: T | (TimeoutOptions & StrategySwitch);
  singleFlight?: S | (SingleFlightOptions & StrategySwitch);
  hedge?: H | (HedgeOptions & StrategySwitch);
  retry?: R | (RetryOptions & StrategySwitch & { retries?: N; minDelay?: D });
  rateLimit?: boolean | number | (RateLimitOptions & StrategySwitch & { mode?: M });
  bulkhead?: boolean | number | (BulkheadOptions & StrategySwitch & { queue?: Q });
};

/** @internal What of the written options a synchronous method cannot do. What may be off, or is elsewhere, is not seen. */
export type Waiting<C, T, S, H, R, N, D, M, Q> =
  | On<C, 'cache'>
  | On<T, 'timeout'>
  | On<S, 'singleFlight'>
  | On<H, 'hedge'>
  | Pausing<R, N, D>
  | ([M] extends ['wait'] ? Named<M, "rateLimit with mode 'wait'"> : never)
  | (number extends Q ? never : [Q] extends [0] ? never : 'bulkhead with a queue');

/** @internal Like {@link Waiting}, on top of a profile, which may say that retries do not wait. */
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

/** Not written is the default, 100 ms. */
type Delayed<D> = [D] extends [never]
  ? 'retry with a delay'
  : number extends D
    ? never
    : [D] extends [0]
      ? never
      : 'retry with a delay';

type Explicit<D> = [D] extends [never] ? false : typeof written;

/**
 * The method, if what is written can work on what it returns; else what is wrong, for the compiler to show. Only what is
 * certain is refused: a return type that could be a promise is none that is not.
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

/** A type that a promise fits into, such as `any`, `unknown` or `object`; or none at all. */
type Unsure<R> = ([Promise<never>] extends [R] ? 1 : never) | ([R] extends [never] ? 1 : never);

/** Overloads and type parameters of its own: what such a method returns depends on how it is called. */
type Several<T> = T extends (...args: infer A) => infer R ? (((...args: A) => R) extends T ? never : 1) : 1;
