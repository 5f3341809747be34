import { Injectable } from '@nestjs/common';
import { describe, expect, it } from '@jest/globals';
import { Test } from '@nestjs/testing';
import {
  concat,
  firstValueFrom,
  mergeMap,
  NEVER,
  Observable,
  of,
  take,
  throwError,
  timeout,
  toArray,
} from 'rxjs';
import { currentCall, findCurrentCall, Opero, OperoService } from '../../lib/index.js';
import { moduleWith } from '../support/apps.js';
import { deferred, settle } from '../support/harness.js';

const turn = () => new Promise((resolve) => setImmediate(resolve));

@Injectable()
class Feed {
  source: () => Observable<unknown> = () => NEVER;
  saving = deferred();

  @Opero({ bulkhead: 1 })
  watch(): Observable<unknown> {
    return this.source();
  }

  @Opero({ bulkhead: { concurrency: 1, queue: 1 } })
  queued(): Observable<unknown> {
    return this.source();
  }

  readonly signals: AbortSignal[] = [];

  @Opero({ fallback: [() => throwError(() => new Error('backup')), 'spare', { value: 'last' }] })
  protected(): Observable<unknown> {
    return throwError(() => new Error('down'));
  }

  @Opero({ fallback: [async () => throwError(() => new Error('first')), () => of('second')] })
  promised(): Observable<unknown> {
    return throwError(() => new Error('down'));
  }

  spare(): Observable<unknown> {
    this.signals.push(currentCall().signal);
    return this.source();
  }

  @Opero({})
  async save(value: unknown): Promise<unknown> {
    await this.saving.promise;
    return value;
  }

  /** Gives a value in each turn, in the async context in which it was subscribed to. */
  ticks(): Observable<number> {
    return new Observable((subscriber) => {
      let value = 0;
      const timer = setInterval(() => subscriber.next(value++), 1);
      return () => clearInterval(timer);
    });
  }
}

const start = async () => {
  const reference = await Test.createTestingModule({
    imports: [moduleWith({ providers: [Feed] }, { shutdown: { drainTimeout: 2_000 } })],
  }).compile();
  const app = await reference.init();
  return { app, feed: app.get(Feed), opero: app.get(OperoService) };
};

describe('whoever reads a stream', () => {
  it('goes on with the calls it has made when it leaves the stream [hard 3.6]', async () => {
    const { app, feed } = await start();
    feed.source = () => feed.ticks();
    const reading = firstValueFrom(
      feed.watch().pipe(
        take(2),
        mergeMap((value) => feed.save(value)),
        toArray(),
      ),
    );
    setTimeout(() => feed.saving.resolve(), 30);
    expect((await settle(reading)).value).toEqual([0, 1]);
    await app.close();
  });

  it('is told of values in its own async context, whichever they come in [hard 3.6]', async () => {
    const { app, feed } = await start();
    feed.source = () => concat(of('first'), feed.ticks());
    const operations: unknown[] = [];
    const note = () => operations.push(findCurrentCall()?.operation);
    await firstValueFrom(feed.watch().pipe(mergeMap(async () => note()), take(3), toArray())); // prettier-ignore
    expect(operations).toEqual([undefined, undefined, undefined]);
    await app.close();
  });

  it('leaves a source that goes on for ever while it is subscribed to [hard 1.11]', async () => {
    const { app, feed } = await start();
    let given = 0;
    feed.source = () => new Observable((subscriber) => {
      while (!subscriber.closed && given < 1e6) subscriber.next(given++);
    }); // prettier-ignore
    expect(await firstValueFrom(feed.watch().pipe(take(3), toArray()))).toEqual([0, 1, 2]);
    expect(given).toBeLessThan(2_000);
    feed.source = () => of('free');
    expect(await firstValueFrom(feed.watch())).toBe('free');
    await app.close();
  });

  it('gets all of a long source that is at its end when it was subscribed to [hard 1.11]', async () => {
    const { app, feed } = await start();
    const values = Array.from({ length: 5_000 }, (_, index) => index);
    feed.source = () => new Observable((subscriber) => {
      for (const value of values) subscriber.next(value);
      subscriber.complete();
    }); // prettier-ignore
    expect(await firstValueFrom(feed.watch().pipe(toArray()))).toEqual(values);
    feed.source = () => of('free');
    expect(await firstValueFrom(feed.watch())).toBe('free');
    await app.close();
  });
});

describe('a fallback that answers with a stream', () => {
  it('is followed by the next when it fails before its first value [hard 3.8]', async () => {
    const { app, feed } = await start();
    feed.source = () => of('spare');
    expect(await firstValueFrom(feed.protected())).toBe('spare');
    feed.source = () => throwError(() => new Error('spare'));
    expect(await firstValueFrom(feed.protected())).toBe('last');
    await app.close();
  });

  it('has a signal that aborts when its reader leaves [hard 1.11]', async () => {
    const { app, feed, opero } = await start();
    feed.source = () => feed.ticks();
    expect(await firstValueFrom(feed.protected())).toBe(0);
    await turn();
    expect(feed.signals.map(({ aborted }) => aborted)).toEqual([true]);
    feed.source = () => NEVER;
    feed.protected().subscribe().unsubscribe();
    await turn();
    expect(opero.operations().find(({ operation }) => operation === 'Feed.protected')!.running).toBe(0);
    await app.close();
  });

  it('passes on what comes after its first value, an error too [hard 3.8]', async () => {
    const { app, feed } = await start();
    feed.source = () => concat(of(1, 2), throwError(() => new Error('later'))); // prettier-ignore
    const seen: unknown[] = [];
    await new Promise<void>((resolve) => {
      const error = (failure: Error) => (seen.push(failure.message), resolve());
      feed.protected().subscribe({ next: (value) => seen.push(value), error });
    });
    expect(seen).toEqual([1, 2, 'later']);
    await app.close();
  });
});

describe('a stream', () => {
  it('of a fallback that comes later is one that may fail, too [hard 3.8]', async () => {
    const { app, feed } = await start();
    expect(await firstValueFrom(feed.promised())).toBe('second');
    await app.close();
  });

  it('whose method ends its own call is not listened to, and keeps no slot [hard 1.1]', async () => {
    const { app, feed, opero } = await start();
    const controller = new AbortController();
    let listening = 0;
    feed.source = () => {
      controller.abort();
      return new Observable(() => {
        listening++;
        return () => void listening--;
      });
    };
    const run = opero.run({}, () => firstValueFrom(feed.watch()), { signal: controller.signal });
    expect((await settle(run)).error).toBe(controller.signal.reason);
    await turn();
    expect(listening).toBe(0);
    feed.source = () => of('free');
    expect(await firstValueFrom(feed.watch())).toBe('free');
    await app.close();
  });

  it('that ends while another is told to wait for its slot gives it to that one [hard 1.9] [hard 1.11]', async () => {
    const { app, feed, opero } = await start();
    feed.source = () => concat(of('first'), NEVER);
    const subscription = feed.queued().subscribe();
    await turn();
    feed.source = () => of('next');
    opero.events.on('bulkhead-wait', () => subscription.unsubscribe());
    const next = settle(firstValueFrom(feed.queued().pipe(timeout(500))));
    expect(await next).toEqual({ ok: true, value: 'next' });
    await app.close();
  });

  it('that is open does not hold up a shutdown, but the calls it has made are waited for [hard 1.2]', async () => {
    const { app, feed } = await start();
    let saved: unknown;
    feed.source = () => new Observable((subscriber) => {
      subscriber.next(0);
      void settle(feed.save('saved')).then((outcome) => (saved = outcome.value));
    }); // prettier-ignore
    const subscription = feed.watch().subscribe();
    await turn();
    setTimeout(() => feed.saving.resolve(), 20);
    await app.close();
    expect(saved).toBe('saved');
    subscription.unsubscribe();
  });
});
