// Compiled, never run: each line under @ts-expect-error must be a mistake to the compiler. [hard 3.1]
import { Opero, OpMap, seconds, type OperoOptions } from 'nestjs-opero';
import { BehaviorSubject, of, type Observable } from 'rxjs';

interface Row {
  readonly id: number;
}

class Query {
  where(_id: number): this {
    return this;
  }
  then<R>(resolve: (rows: Row[]) => R): Promise<R> {
    return Promise.resolve([]).then(resolve);
  }
}

declare const options: OperoOptions;
declare const flag: boolean;
declare const anything: any;

/** Promises, however they are written, and everything that could be one. */
export class Compiles {
  @Opero({ cache: 1_000, timeout: seconds(1), retry: 3, hedge: { idempotent: true }, singleFlight: true })
  async declared(): Promise<Row[]> {
    return [];
  }

  @Opero({ cache: { ttl: 5, key: (id: number) => `${id}` }, rateLimit: { limit: 5, mode: 'wait' } })
  inferred(id: number) {
    return Promise.resolve({ id });
  }

  @Opero({ cache: true, timeout: 5 })
  lazy(): Query {
    return new Query();
  }

  @Opero({ cache: true, timeout: 5 })
  likePromise(): PromiseLike<number> {
    return Promise.resolve(1);
  }

  @Opero({ cache: true })
  sometimes(id: number): Promise<number> | number {
    return id;
  }

  @Opero({ cache: true, timeout: 5 })
  any(): any {
    return 1;
  }

  @Opero({ cache: true, timeout: 5 })
  inferredAny() {
    return anything;
  }

  @Opero({ cache: true, timeout: 5 })
  unknown(): unknown {
    return 1;
  }

  @Opero({ cache: true, timeout: 5 })
  object(): object {
    return Promise.resolve();
  }

  @Opero({ cache: true, timeout: 5 })
  generic<T>(value: T): T {
    return value;
  }

  @Opero({ cache: true, timeout: 5 })
  genericPromise<T extends Row>(value: T): Promise<T> {
    return Promise.resolve(value);
  }

  @Opero({ cache: true, timeout: 5 })
  conditional<T extends string>(value: T): T extends 'later' ? Promise<string> : string {
    return value as never;
  }

  overloaded(id: number): Promise<Row>;
  overloaded(id: string): string;
  @Opero({ cache: true, timeout: 5 })
  overloaded(id: number | string): unknown {
    return id;
  }

  @Opero({ cache: true, timeout: 5 })
  narrow<T>(this: Compiles, _is: (row: Row) => row is Row & T): Promise<T[]> {
    return Promise.resolve([]);
  }

  @Opero({ timeout: { attempt: 5 }, retry: 2, rateLimit: { limit: 5, mode: 'wait' } })
  stream(): Observable<number> {
    return of(1);
  }

  @Opero({ cache: true })
  streamOrPromise(): Observable<number> | Promise<number> {
    return of(1);
  }

  @Opero(options)
  elsewhere(): number {
    return 1;
  }

  @Opero({ ...options, circuitBreaker: true })
  spread(): number {
    return 1;
  }

  @Opero('profile')
  profile(): number {
    return 1;
  }

  @Opero('profile', { retry: 3 })
  overProfile(): number {
    return 1;
  }

  @Opero({ cache: flag, timeout: false, retry: 0, rateLimit: 5, bulkhead: 5, circuitBreaker: true })
  off(): number {
    return 1;
  }

  @Opero({
    retry: { retries: 3, minDelay: 0 },
    rateLimit: { limit: 5, mode: 'reject' },
    bulkhead: { concurrency: 5 },
  })
  atOnce(): number {
    return 1;
  }

  @Opero({ retry: { retries: 0, retryOnResult: (row: Row) => row.id === 0 }, fallback: { value: { id: 1 } } })
  neverAgain(): Row {
    return { id: 0 };
  }

  @OpMap({ cache: true, timeout: 5, workers: 5 })
  item(item: string) {
    return Promise.resolve(item);
  }
}

export class Generic<R> {
  constructor(private readonly value: R) {}

  @Opero({ cache: true, timeout: 5 })
  async later(): Promise<R> {
    return this.value;
  }

  @Opero({ cache: true, timeout: 5, retry: 3 })
  direct(): R {
    return this.value;
  }

  @Opero({ retry: { retries: 1, minDelay: 0 } })
  plain(): R {
    return this.value;
  }

  @Opero({ timeout: 5 })
  stream(): Observable<R> {
    return of(this.value);
  }
}

export class Synchronous {
  // @ts-expect-error a cache on a synchronous method
  @Opero({ cache: true })
  cache(): number {
    return 1;
  }

  // @ts-expect-error a cache, as an object, on a method whose type is inferred
  @Opero({ cache: { ttl: 5 } })
  cacheObject(id: number) {
    return { id };
  }

  // @ts-expect-error a timeout
  @Opero({ timeout: seconds(5) })
  timeout(): Row {
    return { id: 1 };
  }

  // @ts-expect-error a timeout, as an object, over a profile
  @Opero('profile', { timeout: { total: 5 } })
  timeoutObject(): void {}

  // @ts-expect-error single-flight
  @Opero({ singleFlight: true })
  flight(): Row[] {
    return [];
  }

  // @ts-expect-error a hedge
  @Opero({ hedge: 50, retry: { idempotent: true, minDelay: 0 } })
  hedge(): string | undefined {
    return undefined;
  }

  // @ts-expect-error a limit that waits
  @Opero({ rateLimit: { limit: 5, mode: 'wait' } })
  limit(): number {
    return 1;
  }

  // @ts-expect-error a bulkhead with a queue
  @Opero({ bulkhead: { concurrency: 5, queue: 5 } })
  bulkhead(): number {
    return 1;
  }

  // @ts-expect-error retries that wait
  @Opero({ retry: 3 })
  retry(): number {
    return 1;
  }

  // @ts-expect-error retries that wait
  @Opero({ retry: { retries: 2, minDelay: 100 } })
  retryObject(): number {
    return 1;
  }

  // @ts-expect-error retries that wait, over a profile
  @Opero('profile', { retry: { minDelay: 100 } })
  retryOver(): number {
    return 1;
  }

  // @ts-expect-error an iterable is no promise
  @Opero({ timeout: 5 })
  iterable(): AsyncIterable<number> {
    return (async function* () {
      yield 1;
    })();
  }

  // @ts-expect-error a cache on a synchronous method
  @OpMap({ cache: true })
  item(item: string): string {
    return item;
  }
}

export class Streams {
  // @ts-expect-error a cache on an Observable
  @Opero({ cache: 5 })
  cache(): Observable<number> {
    return of(1);
  }

  // @ts-expect-error a cache on an Observable whose type is inferred
  @Opero({ cache: { ttl: 5 }, retry: 2 })
  inferred() {
    return of(1);
  }

  // @ts-expect-error a hedge on an Observable
  @Opero({ hedge: { idempotent: true } })
  hedge(): BehaviorSubject<number> {
    return new BehaviorSubject(1);
  }

  // @ts-expect-error single-flight on an Observable
  @Opero('profile', { singleFlight: true })
  flight(): Observable<void> {
    return of(undefined);
  }
}

export class Misspelt {
  // @ts-expect-error an option that is none
  @Opero({ caches: true })
  option(): Promise<void> {
    return Promise.resolve();
  }

  // @ts-expect-error a field that is none
  @Opero({ cache: { tl: 5 } })
  field(): Promise<void> {
    return Promise.resolve();
  }

  // @ts-expect-error a field that is none, beside one that is
  @Opero({ retry: { retires: 5, minDelay: 0 } })
  beside(): Promise<void> {
    return Promise.resolve();
  }

  // @ts-expect-error a value that is none
  @Opero({ rateLimit: { limit: 5, mode: 'queue' } })
  value(): Promise<void> {
    return Promise.resolve();
  }

  // @ts-expect-error a value that is none
  @Opero({ timeout: '5s' })
  timeout(): Promise<void> {
    return Promise.resolve();
  }
}
