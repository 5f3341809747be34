import { describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Readable } from 'node:stream';
import { concat, firstValueFrom, from, Observable, of, throwError, toArray, type Subscription } from 'rxjs';
import { AttemptTimeoutError, currentCall, Opero, OperoService } from '../../lib/index.js';
import { moduleWith } from '../support/apps.js';

const retry = { retry: { retries: 2, minDelay: 0 } };

@Injectable()
class Kinds {
  calls = 0;
  signals: AbortSignal[] = [];
  torn = 0;

  #fails(times: number): boolean {
    return this.calls++ < times;
  }

  @Opero(retry) sync(): number {
    if (this.#fails(1)) throw new Error('first');
    return 7;
  } // prettier-ignore

  @Opero(retry) nothing(): void {
    if (this.#fails(1)) throw new Error('first');
  } // prettier-ignore

  @Opero({ retry: { retries: 0 } }) throws(): number {
    throw new RangeError('sync');
  } // prettier-ignore

  @Opero({ fallback: { value: 'sync fallback' } }) falls(): string {
    throw new Error('sync');
  } // prettier-ignore

  @Opero(retry) async async(): Promise<string> {
    if (this.#fails(1)) throw new Error('first');
    return 'async';
  } // prettier-ignore

  @Opero(retry) throwing(): Promise<string> {
    if (this.#fails(1)) throw new Error('before the promise');
    return Promise.resolve('promise');
  } // prettier-ignore

  @Opero(retry) thenable(): PromiseLike<string> {
    const fails = this.#fails(1);
    return { then: (resolve: never, reject: never) => (fails ? reject as (e: unknown) => never : resolve as (v: unknown) => never)(fails ? new Error('x') : 'thenable') } as unknown as PromiseLike<string>;
  } // prettier-ignore

  @Opero(retry) iterable(): AsyncIterable<number> {
    return (async function* () { yield 1; yield 2; })(); // prettier-ignore
  }

  @Opero(retry) async stream(): Promise<Readable> {
    return Readable.from(['a']);
  } // prettier-ignore

  @Opero({ cache: true }) async keyed(argument: unknown): Promise<unknown> {
    return argument;
  } // prettier-ignore

  @Opero(retry) cold(): Observable<number> {
    return this.#fails(2) ? throwError(() => new Error('before any value')) : of(1, 2, 3);
  } // prettier-ignore

  @Opero(retry) partial(): Observable<number> {
    this.calls++;
    return concat(of(1, 2), throwError(() => new Error('after two values')));
  } // prettier-ignore

  @Opero({ timeout: 20 }) silent(): Observable<number> {
    this.signals.push(currentCall().signal);
    return new Observable(() => () => void this.torn++);
  } // prettier-ignore

  @Opero({ timeout: 20 }) slowLater(): Observable<number> {
    return concat(of(1), new Observable<number>((subscriber) => void setTimeout(() => (subscriber.next(2), subscriber.complete()), 60)));
  } // prettier-ignore

  @Opero({ fallback: async () => 'from a promise' }) asyncFallback(): Observable<unknown> {
    return throwError(() => new Error('down'));
  } // prettier-ignore

  @Opero({ fallback: () => from([7, 8]) }) observableFallback(): Observable<unknown> {
    return throwError(() => new Error('down'));
  } // prettier-ignore

  @Opero(retry) undeclared(): unknown {
    return this.#fails(2) ? throwError(() => new Error('before any value')) : of('undeclared');
  } // prettier-ignore

  @Opero({ hedge: { delay: 10, idempotent: true } }) hedged(): unknown {
    const own = this.calls++;
    if (own === 0) return of('first of all');
    return new Observable<string>((subscriber) => {
      // The first attempt would answer long after the hedge has.
      const timer = setTimeout(() => subscriber.next(String(own)), own === 1 ? 20_000 : 0);
      return () => (clearTimeout(timer), this.torn++);
    });
  } // prettier-ignore

  @Opero(retry) empty(): Observable<never> {
    return from([]);
  } // prettier-ignore
}

const kinds = async () => {
  const reference = await Test.createTestingModule({
    imports: [moduleWith({ providers: [Kinds] })],
  }).compile();
  const app = await reference.init();
  return { app, service: app.get(Kinds), opero: app.get(OperoService) };
};

const all = <T>(source: Observable<T>) => firstValueFrom(source.pipe(toArray()));

describe('what a method answers keeps its kind [peers 19]', () => {
  it('is a value when it was one, after retries too', async () => {
    const { app, service } = await kinds();
    expect(service.sync()).toBe(7);
    service.calls = 0;
    expect(service.nothing()).toBeUndefined();
    expect(service.falls()).toBe('sync fallback');
    expect(() => service.throws()).toThrow(RangeError);
    await app.close();
  });

  it('is a promise when it was one, and never a synchronous throw', async () => {
    const { app, service } = await kinds();
    await expect(service.async()).resolves.toBe('async');
    service.calls = 0;
    await expect(service.throwing()).resolves.toBe('promise');
    service.calls = 0;
    await expect(service.thenable()).resolves.toBe('thenable');
    await expect(service.keyed(1n)).resolves.toBe(1n);
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    await expect(service.keyed(circle)).resolves.toBe(circle);
    await app.close();
  });

  it('is the same iterable or stream', async () => {
    const { app, service } = await kinds();
    const items: number[] = [];
    for await (const item of service.iterable()) items.push(item);
    expect(items).toEqual([1, 2]);
    expect(await service.stream()).toBeInstanceOf(Readable);
    await app.close();
  });
});

describe('an Observable [peers 20]', () => {
  it('is cold: the method runs for each subscriber and each attempt', async () => {
    const { app, service } = await kinds();
    const source = service.cold();
    expect(service.calls).toBe(0);
    expect(await all(source)).toEqual([1, 2, 3]);
    expect(service.calls).toBe(3);
    await app.close();
  });

  it('is not repeated after its first value', async () => {
    const { app, service } = await kinds();
    const values: number[] = [];
    const error = await new Promise((resolve) =>
      service.partial().subscribe({ next: (value) => values.push(value), error: resolve }),
    );
    expect(values).toEqual([1, 2]);
    expect(error).toMatchObject({ message: 'after two values' });
    expect(service.calls).toBe(1);
    await app.close();
  });

  it('is timed until its first value, and torn down then', async () => {
    const { app, service } = await kinds();
    await expect(firstValueFrom(service.silent())).rejects.toBeInstanceOf(AttemptTimeoutError);
    expect(service.torn).toBe(1);
    expect(await all(service.slowLater())).toEqual([1, 2]);
    await app.close();
  });

  it('aborts its signal when the subscriber goes away, and frees everything', async () => {
    const { app, service, opero } = await kinds();
    const subscription = service.silent().subscribe({ error: () => undefined });
    await null;
    subscription.unsubscribe();
    await new Promise((resolve) => setImmediate(resolve));
    expect(service.signals[0]!.aborted).toBe(true);
    expect(service.torn).toBe(1);
    expect(opero.operations().every(({ running }) => running === 0)).toBe(true);
    await app.close();
  });

  it('emits what a fallback answers, whatever its kind', async () => {
    const { app, service } = await kinds();
    expect(await all(service.asyncFallback())).toEqual(['from a promise']);
    expect(await all(service.observableFallback())).toEqual([7, 8]);
    expect(await all(service.empty())).toEqual([]);
    await app.close();
  });

  it('is hedged where its type does not tell, and every attempt that lost is torn down', async () => {
    const { app, service } = await kinds();
    expect(await all(service.hedged() as Observable<string>)).toEqual(['first of all']);
    let subscription!: Subscription;
    const value = await new Promise((resolve) => {
      subscription = (service.hedged() as Observable<string>).subscribe(resolve);
    });
    expect([value, service.calls, service.torn]).toEqual(['2', 3, 1]);
    subscription.unsubscribe();
    expect(service.torn).toBe(2);
    await app.close();
  });

  it('is protected where its type does not tell', async () => {
    const { app, service } = await kinds();
    expect(await all(service.undeclared() as Observable<string>)).toEqual(['undeclared']);
    service.calls = 0;
    expect(await all(service.undeclared() as Observable<string>)).toEqual(['undeclared']);
    await app.close();
  });
});
