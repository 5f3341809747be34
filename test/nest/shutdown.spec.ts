import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Injectable, Module, type OnModuleDestroy } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { currentCall, Opero, OperoService, OperoShutdownError } from '../../lib/index.js';
import { moduleWith, platforms, serve } from '../support/apps.js';
import { deferred, settle } from '../support/harness.js';

describe('the drain comes before', () => {
  it('the hooks of every provider: in the same module, in an imported one, values and factories, once', async () => {
    const log: string[] = [];
    const end = deferred();
    const closing = (name: string) => ({ onModuleDestroy: () => void log.push(name) });
    @Injectable()
    class Database implements OnModuleDestroy {
      constructor() {
        log.push('connected');
      }
      onModuleDestroy(): void {
        log.push(`database closed by ${this.constructor.name}`);
      }
    }
    @Injectable()
    class Work implements OnModuleDestroy {
      @Opero()
      async run(): Promise<void> {
        await end.promise;
        log.push('work done');
      }
      onModuleDestroy(): void {
        log.push('work destroyed');
      }
    }
    @Module({ providers: [{ provide: 'imported', useValue: closing('imported') }] })
    class Imported {}
    const value = closing('value');
    const providers = [
      Database,
      Work,
      { provide: 'value', useValue: value },
      { provide: 'alias', useExisting: 'value' },
      { provide: 'factory', useFactory: () => closing('factory') },
      { provide: 'frozen', useValue: Object.freeze(closing('frozen')) },
    ];
    const module = moduleWith({ imports: [Imported], providers });
    const app = await (await Test.createTestingModule({ imports: [module] }).compile()).init();
    const running = app.get(Work).run();
    const closed = app.close();
    await new Promise((resolve) => setImmediate(resolve));
    // What is frozen cannot be made to wait.
    const waiting = () => log.filter((line) => line !== 'frozen');
    expect(waiting()).toEqual(['connected']);
    end.resolve();
    await running;
    await closed;
    expect(waiting()[1]).toBe('work done');
    expect(waiting().slice(2).sort()).toEqual(
      ['database closed by Database', 'work destroyed', 'value', 'factory', 'imported'].sort(),
    );
    expect(Object.keys(value)).toEqual(['onModuleDestroy']);
    expect(Object.hasOwn(app.get(Database), 'onModuleDestroy')).toBe(false);
  });

  it('calls that hooks make themselves, which still run with their policies', async () => {
    let attempts = 0;
    @Injectable()
    class Outbox implements OnModuleDestroy {
      flushed = false;
      @Opero({ retry: { retries: 1, minDelay: 0 } })
      async flush(): Promise<void> {
        if (++attempts === 1) throw new Error('first');
        this.flushed = true;
      }
      onModuleDestroy(): Promise<void> {
        return this.flush();
      }
    }
    const app = await (
      await Test.createTestingModule({ imports: [moduleWith({ providers: [Outbox] })] }).compile()
    ).init();
    const outbox = app.get(Outbox);
    await app.close();
    expect([outbox.flushed, attempts]).toEqual([true, 2]);
  });
});

describe.each(platforms)('a request on %s', (_name, platform) => {
  it('that comes after the drain and does not end is ended, so that the server can close', async () => {
    const arrived = deferred();
    const destroyed = deferred();
    let late: Promise<unknown> | undefined;
    @Injectable()
    class Work implements OnModuleDestroy {
      signal: AbortSignal | undefined;
      @Opero()
      stuck(): Promise<void> {
        this.signal = currentCall().signal;
        arrived.resolve();
        return new Promise(() => undefined);
      }
      async onModuleDestroy(): Promise<void> {
        late = fetch(`${url}/stuck`).then((response) => response.status);
        await destroyed.promise;
      }
    }
    @Controller()
    class Requests {
      constructor(private readonly work: Work) {}
      @Get('stuck')
      stuck(): Promise<void> {
        return this.work.stuck();
      }
    }
    const { app, url } = await serve(platform, moduleWith({ controllers: [Requests], providers: [Work] }));
    const closed = app.close();
    await arrived.promise;
    expect(app.get(OperoService).closing).toBe(true);
    destroyed.resolve();
    await closed;
    expect(app.get(Work, { strict: false }).signal!.reason).toBeInstanceOf(OperoShutdownError);
    expect((await settle(late)).value).toBe(503);
  });
});
