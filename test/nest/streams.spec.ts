import { Controller, Get, Injectable, Sse, type INestApplicationContext } from '@nestjs/common';
import { describe, expect, it } from '@jest/globals';
import { Test } from '@nestjs/testing';
import {
  concat,
  EMPTY,
  firstValueFrom,
  from,
  NEVER,
  Observable,
  of,
  Subject,
  take,
  throwError,
  toArray,
} from 'rxjs';
import { BulkheadFullError, currentCall, Opero, OperoService, OperoShutdownError } from '../../lib/index.js';
import { moduleWith, platforms, serve } from '../support/apps.js';
import { settle } from '../support/harness.js';

/** A source that tells who listens, and goes on until nobody does. */
class Ticker {
  readonly values = new Subject<number>();
  listening = 0;
  readonly signals: AbortSignal[] = [];

  open(): Observable<number> {
    this.signals.push(currentCall().signal);
    return new Observable((subscriber) => {
      this.listening++;
      subscriber.next(0);
      const inner = this.values.subscribe(subscriber);
      return () => {
        this.listening--;
        inner.unsubscribe();
      };
    });
  }
}

@Injectable()
class Feed {
  readonly ticker = new Ticker();
  source: () => Observable<unknown> = () => this.ticker.open();

  @Opero({ bulkhead: 1, timeout: 60_000, retry: { retries: 1, minDelay: 0 } })
  watch(): Observable<unknown> {
    return this.source();
  }
}

@Controller()
class Routes {
  constructor(readonly feed: Feed) {}

  @Sse('events')
  events(): Observable<{ data: string }> {
    return new Observable((subscriber) =>
      this.feed.watch().subscribe({
        next: (value) => subscriber.next({ data: String(value) }),
        error: (error) => subscriber.error(error),
        complete: () => subscriber.complete(),
      }),
    );
  }

  @Get('listening')
  listening(): number {
    return this.feed.ticker.listening;
  }
}

const start = async (): Promise<{ app: INestApplicationContext; feed: Feed; opero: OperoService }> => {
  const reference = await Test.createTestingModule({
    imports: [moduleWith({ providers: [Feed] }, { shutdown: { drainTimeout: 0 } })],
  }).compile();
  const app = await reference.init();
  return { app, feed: app.get(Feed), opero: app.get(OperoService) };
};

const turn = () => new Promise((resolve) => setImmediate(resolve));
const running = (opero: OperoService) =>
  opero.operations().find(({ operation }) => operation === 'Feed.watch')!.running;

describe('a stream', () => {
  it.each([
    ['take(1)', (stream: Observable<unknown>) => firstValueFrom(stream.pipe(take(1)))],
    ['first value', (stream: Observable<unknown>) => firstValueFrom(stream)],
    ['unsubscribe in next', (stream: Observable<unknown>) =>
      new Promise((resolve) => {
        const subscription = stream.subscribe((value) => {
          resolve(value);
          // Not assigned yet where the value comes at once.
          queueMicrotask(() => subscription.unsubscribe());
        });
      })],
  ])('that goes on is released by %s, and its signal aborts [hard 1.11]', async (_name, read) => {
    const { app, feed, opero } = await start();
    expect(await read(feed.watch())).toBe(0);
    await turn();
    expect(feed.ticker.listening).toBe(0);
    expect(feed.ticker.signals[0]!.aborted).toBe(true);
    expect(running(opero)).toBe(0);
    expect(await read(feed.watch())).toBe(0);
    await app.close();
  }); // prettier-ignore

  it('holds its bulkhead slot until it is unsubscribed [hard 1.11]', async () => {
    const { app, feed } = await start();
    const values: unknown[] = [];
    const subscription = feed.watch().subscribe((value) => values.push(value));
    await turn();
    feed.ticker.values.next(1);
    expect(values).toEqual([0, 1]);
    expect((await settle(firstValueFrom(feed.watch()))).error).toBeInstanceOf(BulkheadFullError);
    subscription.unsubscribe();
    expect(await firstValueFrom(feed.watch())).toBe(0);
    await app.close();
  });

  it.each([
    ['completes', () => of(1, 2), [1, 2]],
    ['completes empty', () => EMPTY, []],
    ['fails before its first value', () => throwError(() => new Error('before')), 'before'],
    ['fails after its first value', () => concat(of(1), throwError(() => new Error('after'))), 'after'],
    ['fails to be made', () => { throw new TypeError('made'); }, 'made'],
  ] as const)('gives its slot back when it %s [hard 1.11]', async (_name, source, expected) => {
    const { app, feed, opero } = await start();
    feed.source = source;
    const outcome = await settle(firstValueFrom(feed.watch().pipe(toArray())));
    expect(outcome.ok ? outcome.value : outcome.error.message).toEqual(expected);
    feed.source = () => from([3]);
    expect(await firstValueFrom(feed.watch())).toBe(3);
    expect(running(opero)).toBe(0);
    await app.close();
  }); // prettier-ignore

  it('whose subscriber leaves before the first value is given up [hard 1.11]', async () => {
    const { app, feed } = await start();
    let left = 0;
    feed.source = () => concat(NEVER, new Observable()).pipe((source) => new Observable((subscriber) => {
      const inner = source.subscribe(subscriber);
      return () => (left++, inner.unsubscribe());
    })); // prettier-ignore
    feed.watch().subscribe().unsubscribe();
    await turn();
    expect(left).toBe(1);
    feed.source = () => of(1);
    expect(await firstValueFrom(feed.watch())).toBe(1);
    await app.close();
  });

  it('keeps the order of what comes while the first values are delivered [hard 1.11]', async () => {
    const { app, feed } = await start();
    const source = new Subject<number>();
    feed.source = () => concat(of(1, 2), source);
    const values: unknown[] = [];
    feed.watch().subscribe((value) => {
      values.push(value);
      if (value === 1) source.next(3);
    });
    await turn();
    expect(values).toEqual([1, 2, 3]);
    await app.close();
  });

  it('that the app itself has open does not keep it from closing, and is left to it [hard 1.11]', async () => {
    const { app, feed } = await start();
    const values: unknown[] = [];
    const subscription = feed.watch().subscribe((value) => values.push(value));
    await turn();
    await app.close();
    feed.ticker.values.next(1);
    expect(values).toEqual([0, 1]);
    subscription.unsubscribe();
    expect(feed.ticker.listening).toBe(0);
  });
});

describe.each(platforms)('server-sent events on %s', (_name, platform) => {
  it('hold the slot of their stream until the client leaves, which aborts its signal [hard 1.11]', async () => {
    const { app, url } = await serve(platform, moduleWith({ providers: [Feed], controllers: [Routes] }));
    const { ticker } = app.get(Feed);
    const client = new AbortController();
    const response = await fetch(`${url}/events`, { signal: client.signal });
    const reader = response.body!.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toContain('data: 0');
    expect(await (await fetch(`${url}/listening`)).text()).toBe('1');
    expect((await settle(firstValueFrom(app.get(Feed).watch()))).error).toBeInstanceOf(BulkheadFullError);
    client.abort();
    for (let turns = 0; ticker.listening > 0 && turns < 20_000; turns++) await turn();
    expect(ticker.listening).toBe(0);
    expect(ticker.signals[0]!.aborted).toBe(true);
    expect(await firstValueFrom(app.get(Feed).watch())).toBe(0);
    await app.close();
  });

  it('end when the app closes, and do not keep it from closing [hard 1.11]', async () => {
    const { app, url } = await serve(platform, moduleWith({ providers: [Feed], controllers: [Routes] }));
    const { ticker } = app.get(Feed);
    const response = await fetch(`${url}/events`);
    const reader = response.body!.getReader();
    await reader.read();
    await app.close();
    expect(ticker.listening).toBe(0);
    expect(ticker.signals[0]!.reason).toBeInstanceOf(OperoShutdownError);
    await reader.cancel().catch(() => undefined);
  });
});
