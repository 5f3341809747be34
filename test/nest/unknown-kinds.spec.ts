import { describe, expect, it } from '@jest/globals';
import { Injectable, type Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { BehaviorSubject, firstValueFrom, Observable, of, toArray } from 'rxjs';
import {
  BulkheadFullError,
  CircuitOpenError,
  currentCall,
  Opero,
  OperoService,
  RateLimitExceededError,
  type CacheStore,
  type OperoModuleOptions,
} from '../../lib/index.js';
import { moduleWith } from '../support/apps.js';
import { ManualClock } from '../support/manual-clock.js';

const appWith = async <T>(service: Type<T>, options?: OperoModuleOptions) => {
  const warnings: string[] = [];
  const logger = {
    log() {},
    error() {},
    warn: (message: string) => void warnings.push(message),
  };
  const reference = await Test.createTestingModule({
    imports: [moduleWith({ providers: [service] }, options)],
  })
    .setLogger(logger)
    .compile();
  const app = await reference.init();
  return { app, service: app.get(service), opero: app.get(OperoService), warnings };
};

/** The compiler writes `Function` for a class that was imported as a type only. */
@Injectable()
class TypeOnly {
  attempts = 0;
  @Reflect.metadata('design:returntype', Function)
  @Opero({ retry: { retries: 1, minDelay: 1 }, timeout: 1_000 })
  watch(): Observable<number> {
    return new Observable((subscriber) => {
      if (++this.attempts === 1) return subscriber.error(new Error('down'));
      subscriber.next(this.attempts);
      subscriber.complete();
    });
  }
}

const all = (source: Observable<unknown>) => firstValueFrom(source.pipe(toArray()));
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** None of these says what it returns: the kind is seen at the first answer only. */
@Injectable()
class Undeclared {
  calls = 0;
  ends: (() => void)[] = [];

  @Opero({ cache: 1000 }) cached(id: number): any {
    this.calls++;
    return Promise.resolve(`cached ${id}`);
  } // prettier-ignore

  @Opero({ bulkhead: 1 }) full(): any {
    this.calls++;
    return new Promise<void>((resolve) => this.ends.push(resolve));
  } // prettier-ignore

  @Opero({ rateLimit: { limit: 2, interval: 60_000, mode: 'reject' } }) sync(): any {
    return ++this.calls;
  } // prettier-ignore

  @Opero({ circuitBreaker: { name: 'shared', window: { type: 'consecutive', size: 1 } } }) fails(): any {
    return Promise.reject(new TypeError('down'));
  } // prettier-ignore

  @Opero({ circuitBreaker: { name: 'shared', window: { type: 'consecutive', size: 1 } } }) neverRun(): any {
    return ++this.calls;
  } // prettier-ignore

  @Opero({ rateLimit: { limit: 2, interval: 60_000, mode: 'reject' } }) limited(): any {
    this.calls++;
    return of(1, 2);
  } // prettier-ignore

  @Opero({ bulkhead: 1, circuitBreaker: true }) streamed(): any {
    this.calls++;
    return new Observable((subscriber) => void this.ends.push(() => subscriber.complete()));
  } // prettier-ignore

  @Opero({ timeout: 20 }) silent(): any {
    currentCall();
    return new Observable(() => undefined);
  } // prettier-ignore

  @Opero({ cache: 1000, fallback: { value: 'fallback' } }) cachedStream(): any {
    this.calls++;
    return of(this.calls);
  } // prettier-ignore

  @Opero({ singleFlight: true }) cachedSync(): any {
    return { calls: ++this.calls };
  } // prettier-ignore

  @Opero({ retry: { retries: 2, minDelay: 0 }, hedge: { delay: 5_000, idempotent: true } }) lazy(): any {
    return {
      then: (resolve: (value: unknown) => void) => {
        this.calls++;
        resolve('lazy');
      },
    };
  } // prettier-ignore

  @Opero({ bulkhead: 1 }) mixed(id: number): any {
    return id % 2 ? Promise.resolve(id) : id;
  } // prettier-ignore

  @Opero({ bulkhead: 1 }) checked(id: number): any {
    if (id < 0) throw new RangeError('below zero');
    return Promise.resolve(id);
  } // prettier-ignore

  @Opero({ bulkhead: 5 }) recursive(depth: number): any {
    return depth === 0 ? of('bottom') : this.recursive(depth - 1);
  } // prettier-ignore
}

describe('a method that does not say how it answers', () => {
  it('whose return type was imported as a type only is an Observable, if it answers with one', async () => {
    const { app, service } = await appWith(TypeOnly);
    expect(await all(service.watch())).toEqual([2]);
    await app.close();
  });

  it('answers a cache hit with a promise where it answered with one [hard 3.1]', async () => {
    const { app, service } = await appWith(Undeclared);
    const first = service.cached(1);
    const shared = service.cached(1);
    expect([first, shared]).toEqual([expect.any(Promise), expect.any(Promise)]);
    expect(await Promise.all([first, shared])).toEqual(['cached 1', 'cached 1']);
    await turn();
    const hit = service.cached(1);
    expect(hit).toBeInstanceOf(Promise);
    expect(await hit).toBe('cached 1');
    expect(service.calls).toBe(1);
    await app.close();
  });

  it('rejects a refused call where it answered with a promise, and throws where with a value [hard 3.1]', async () => {
    const { app, service } = await appWith(Undeclared);
    const running = service.full();
    const refused = service.full();
    await expect(refused).rejects.toBeInstanceOf(BulkheadFullError);
    service.ends[0]!();
    await running;
    expect([service.sync(), service.sync()]).toEqual([2, 3]);
    expect(() => service.sync()).toThrow(RateLimitExceededError);
    await app.close();
  });

  it('rejects a call that is refused before the method has ever run [hard 3.1]', async () => {
    const { app, service } = await appWith(Undeclared);
    await expect(service.fails()).rejects.toBeInstanceOf(TypeError);
    const refused = service.neverRun();
    await expect(refused).rejects.toBeInstanceOf(CircuitOpenError);
    expect(service.calls).toBe(0);
    await app.close();
  });

  it('limits the first Observable once, as every later one [hard 3.1]', async () => {
    const { app, service, opero } = await appWith(Undeclared);
    const events: string[] = [];
    for (const type of ['abort', 'failure', 'success'] as const)
      opero.events.on(type, () => events.push(type));
    expect(await all(service.limited())).toEqual([1, 2]);
    expect(await all(service.limited())).toEqual([1, 2]);
    await expect(all(service.limited())).rejects.toMatchObject({ code: 'OPERO_RATE_LIMIT_EXCEEDED' });
    expect(service.calls).toBe(2);
    expect(events).toEqual(['success', 'success', 'failure']);
    const { counts, running } = opero.operations().find(({ operation }) => operation.endsWith('.limited'))!;
    expect(counts).toMatchObject({ success: 2, failure: 1 });
    expect(running).toBe(0);
    await app.close();
  });

  it('keeps its limit when the first Observable is long over [hard 3.1]', async () => {
    class Limited {
      @Opero({ rateLimit: { limit: 2, interval: 1_000, mode: 'reject' } }) watch(): any {
        return of(1);
      } // prettier-ignore
    }
    Injectable()(Limited);
    const clock = new ManualClock();
    const { app, service } = await appWith(Limited, { clock });
    expect(await all(service.watch())).toEqual([1]);
    await clock.advance(2_000);
    for (let call = 0; call < 2; call++) expect(await all(service.watch())).toEqual([1]);
    await expect(all(service.watch())).rejects.toBeInstanceOf(RateLimitExceededError);
    await app.close();
  });

  it('spaces the starts from the first that counts on: the run that shows an Observable is none', async () => {
    class Spaced {
      @Opero({ rateLimit: { limit: 10, algorithm: 'smooth', mode: 'reject' } }) watch(): any {
        return of(1);
      } // prettier-ignore
    }
    Injectable()(Spaced);
    const clock = new ManualClock();
    const { app, service } = await appWith(Spaced, { clock });
    expect(await all(service.watch())).toEqual([1]);
    await expect(all(service.watch())).rejects.toBeInstanceOf(RateLimitExceededError);
    await clock.advance(100);
    expect(await all(service.watch())).toEqual([1]);
    await app.close();
  });

  it('leaves the first Observable cold, and times it until its first value [hard 3.1]', async () => {
    const { app, service } = await appWith(Undeclared);
    const first = service.silent();
    expect(first).toBeInstanceOf(Observable);
    await expect(firstValueFrom(first)).rejects.toMatchObject({ code: 'OPERO_ATTEMPT_TIMEOUT' });
    await expect(firstValueFrom(service.silent())).rejects.toMatchObject({ code: 'OPERO_ATTEMPT_TIMEOUT' });
    const unused = service.streamed();
    expect(service.ends).toEqual([]);
    const subscriptions = [unused.subscribe(), service.streamed().subscribe({ error: () => undefined })];
    expect(service.ends).toHaveLength(1);
    for (const subscription of subscriptions) subscription.unsubscribe();
    await app.close();
  });

  it('is called again for a second subscriber of its first Observable [hard 3.1]', async () => {
    const { app, service } = await appWith(Undeclared);
    const first = service.limited();
    expect(await all(first)).toEqual([1, 2]);
    expect(await all(first)).toEqual([1, 2]);
    expect(service.calls).toBe(2);
    await app.close();
  });

  it('gives Observables and values to nobody else from a cache, and says so once [hard 3.1]', async () => {
    const { app, service, opero, warnings } = await appWith(Undeclared);
    const first = service.cachedStream();
    const second = service.cachedStream();
    expect([await all(first), await all(second)]).toEqual([[1], [2]]);
    service.calls = 0;
    expect([service.cachedSync(), service.cachedSync()]).toEqual([{ calls: 1 }, { calls: 2 }]);
    await turn();
    expect(warnings.filter((line) => line.includes('runs uncached'))).toEqual([
      expect.stringContaining('Undeclared.cachedStream runs uncached: it answers with an Observable'),
      expect.stringContaining('Undeclared.cachedSync runs uncached: it answers without a promise'),
    ]);
    expect(opero.operations().every(({ running }) => running === 0)).toBe(true);
    await app.close();
  });

  it('has a lazy thenable awaited once for each attempt [hard 3.1]', async () => {
    const { app, service } = await appWith(Undeclared);
    for (const calls of [1, 2]) {
      const answer = service.lazy();
      expect(answer).toBeInstanceOf(Promise);
      expect(await answer).toBe('lazy');
      expect(service.calls).toBe(calls);
    }
    await app.close();
  });

  it('keeps the kind of its first answer: a value stays a value beside promises [hard 3.1]', async () => {
    const { app, service } = await appWith(Undeclared);
    expect(service.mixed(2)).toBe(2);
    expect(await service.mixed(1)).toBe(1);
    expect(service.mixed(4)).toBe(4);
    await app.close();
    const other = await appWith(Undeclared);
    expect(await other.service.mixed(1)).toBe(1);
    const later = other.service.mixed(2);
    expect(later).toBeInstanceOf(Promise);
    expect(await later).toBe(2);
    await other.app.close();
  });

  it('throws as it did before its first answer, and rejects once it is known for promises [hard 3.1]', async () => {
    const { app, service } = await appWith(Undeclared);
    expect(() => service.checked(-1)).toThrow(RangeError);
    expect(await service.checked(1)).toBe(1);
    await expect(service.checked(-1)).rejects.toThrow(RangeError);
    await app.close();
  });

  it('may call itself before it has ever answered [hard 3.1]', async () => {
    const { app, service, opero } = await appWith(Undeclared);
    expect(await all(service.recursive(2))).toEqual(['bottom']);
    expect(await all(service.recursive(2))).toEqual(['bottom']);
    expect(opero.operations().every(({ running }) => running === 0)).toBe(true);
    await app.close();
  });

  it('is answered from a store that another process has filled [hard 3.1]', async () => {
    const entries = new Map<string, unknown>();
    const store: CacheStore = {
      get: async (key) => entries.get(key),
      set: async (key, value) => void entries.set(key, value),
      del: async (key) => void entries.delete(key),
    };
    const first = await appWith(Undeclared, { cache: { store } });
    await first.service.cached(1);
    await turn();
    const second = await appWith(Undeclared, { cache: { store } });
    const hit = second.service.cached(1);
    expect(hit).toBeInstanceOf(Promise);
    expect(await hit).toBe('cached 1');
    expect(second.service.calls).toBe(0);
    await first.app.close();
    await second.app.close();
  });
});

/** None of these says what it returns, so that the boot cannot refuse the conditions on its results. */
@Injectable()
class Conditions {
  open = 0;

  @Opero({ hedge: { delay: 10_000, idempotent: true, failureOnResult: asks }, bulkhead: 2 }) hedged(): any {
    return this.stream();
  } // prettier-ignore

  @Opero({ retry: { retries: 1, minDelay: 0, retryOnResult: asks }, bulkhead: 1 }) retried(): any {
    return this.stream();
  } // prettier-ignore

  @Opero({ circuitBreaker: { window: { type: 'consecutive', size: 1 }, failureOnResult: asks } }) broken(): any {
    return this.stream();
  } // prettier-ignore

  stream(): Observable<string> {
    return new Observable((subscriber) => {
      this.open++;
      subscriber.next('value');
      return () => void this.open--;
    });
  }
}

const asked: unknown[] = [];
function asks(value: unknown): boolean {
  asked.push(value);
  return true;
}

it.each([
  ['hedged', 'hedge.failureOnResult'],
  ['retried', 'retry.retryOnResult'],
  ['broken', 'circuitBreaker.failureOnResult'],
] as const)(
  'a condition on results is not asked about a stream, which ends with its reader: %s [hard 1.11] [hard 3.1]',
  async (method, option) => {
    const { app, service, warnings } = await appWith(Conditions);
    for (let time = 0; time < 3; time++) {
      expect(await firstValueFrom(service[method]())).toBe('value');
      await turn();
      expect([service.open, asked.length]).toEqual([0, 0]);
    }
    expect(warnings.filter((warning) => warning.includes(option))).toHaveLength(1);
    await app.close();
  },
);

it('warns once where callers get a Subject as an Observable [hard 3.1]', async () => {
  @Injectable()
  class Prices {
    @Opero({ retry: 1 }) current(): any {
      return new BehaviorSubject(1);
    } // prettier-ignore
  }
  const { app, service, warnings } = await appWith(Prices);
  for (let call = 0; call < 2; call++)
    expect(await firstValueFrom(service.current() as Observable<number>)).toBe(1);
  expect(warnings).toEqual([
    'Prices.current answers with a BehaviorSubject, which its callers get as an Observable, allowed: Observable',
  ]);
  await app.close();
});
