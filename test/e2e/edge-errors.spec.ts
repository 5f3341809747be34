import type { EventEmitter } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Catch,
  Controller,
  Delete,
  Get,
  HttpException,
  Injectable,
  NotFoundException,
  Post,
  type ArgumentsHost,
  type ExceptionFilter,
  type INestApplication,
} from '@nestjs/common';
import { APP_FILTER, BaseExceptionFilter } from '@nestjs/core';
import {
  AllFailedError,
  AttemptTimeoutError,
  FallbackArg,
  Opero,
  OperoError,
  OperoService,
  currentCall,
  type OperoModuleOptions,
} from '../../lib/index.js';
import { moduleWith, platforms, serve } from '../support/apps.js';

class QuotaSpent extends Error {
  override name = 'QuotaSpent';
}

@Injectable()
class Upstream {
  @Opero({ retry: { retries: 1, minDelay: 0, exhausted: 'aggregate' } })
  async down(@FallbackArg('a', 'b') _provider?: string): Promise<string> {
    throw new QuotaSpent('the quota is spent');
  }

  @Opero()
  async missing(@FallbackArg('a', 'b') _provider?: string): Promise<string> {
    throw new NotFoundException('no such order');
  }

  @Opero({ timeout: 10 })
  async slow(): Promise<string> {
    return new Promise(() => undefined);
  }

  @Opero({ rateLimit: { limit: 1, interval: 60_000, mode: 'reject' } })
  async limited(): Promise<string> {
    return 'ok';
  }
}

@Controller()
class Routes {
  constructor(private readonly upstream: Upstream) {}
  @Get('down') down() { return this.upstream.down(); } // prettier-ignore
  @Get('missing') missing() { return this.upstream.missing(); } // prettier-ignore
  @Get('slow') slow() { return this.upstream.slow(); } // prettier-ignore
  @Get('limited') limited() { return this.upstream.limited(); } // prettier-ignore
}

const seen: unknown[] = [];

/** Sees every exception, as an error tracker does. */
@Catch()
class Tracker extends BaseExceptionFilter {
  override catch(exception: unknown, host: ArgumentsHost): void {
    seen.push(exception);
    super.catch(exception, host);
  }
}

@Catch(OperoError)
class OwnAnswer implements ExceptionFilter<OperoError> {
  catch(error: OperoError, host: ArgumentsHost): void {
    seen.push(error);
    const response = host
      .switchToHttp()
      .getResponse<{ status(code: number): { send(body: unknown): void } }>();
    response.status(599).send({ mine: error.code });
  }
}

const logged: unknown[][] = [];
const logger = {
  log: () => undefined,
  warn: () => undefined,
  error: (...line: unknown[]) => void logged.push(line),
};

describe.each(platforms)('our errors at the HTTP edge on %s', (_name, platform) => {
  let app: INestApplication;
  let url: string;

  const start = async (filter: typeof Tracker | typeof OwnAnswer, options?: OperoModuleOptions) => {
    seen.length = logged.length = 0;
    const providers = [Upstream, { provide: APP_FILTER, useClass: filter }];
    ({ app, url } = await serve(platform, moduleWith({ providers, controllers: [Routes] }, options)));
    app.useLogger(logger);
  };
  const status = async (path: string): Promise<number> => (await fetch(`${url}/${path}`)).status;
  afterEach(() => app.close());

  it('are logged once as 502 and 504, with operation and cause, and keep the error for filters [hard 3.3]', async () => {
    await start(Tracker);
    expect(await status('down')).toBe(502);
    expect(logged).toHaveLength(1);
    const [message, stack, context] = logged[0] as [string, string, string];
    expect(message).toMatch(/^Upstream\.down failed, answered with 502 OPERO_ALL_FAILED: /);
    expect(message).toContain('caused by QuotaSpent: the quota is spent');
    expect(stack).toContain('edge-errors.spec.ts');
    expect(context).toBe('Opero');
    const [exception] = seen as [HttpException];
    expect(exception).toBeInstanceOf(HttpException);
    expect(exception.cause).toBeInstanceOf(AllFailedError);
    expect((exception.cause as Error).cause).toBeInstanceOf(QuotaSpent);
    expect(await status('slow')).toBe(504);
    expect(logged).toHaveLength(2);
    expect(logged[1]![0]).toMatch(/^Upstream\.slow failed, answered with 504 OPERO_ATTEMPT_TIMEOUT: /);
    expect((seen[1] as Error).cause).toBeInstanceOf(AttemptTimeoutError);
  });

  it('are not logged where we refuse, nor where the last answer was an HttpException [hard 3.3]', async () => {
    await start(Tracker);
    expect([await status('limited'), await status('limited'), await status('missing')]).toEqual([
      200, 429, 404,
    ]);
    expect(seen.at(-1)).toBeInstanceOf(NotFoundException);
    expect(logged).toEqual([]);
  });

  it('are left to the filters of the app with translate: false [hard 3.3]', async () => {
    await start(OwnAnswer, { http: { translate: false } });
    const answers: unknown[] = [];
    for (const path of ['down', 'slow', 'limited', 'limited', 'missing']) {
      const response = await fetch(`${url}/${path}`);
      answers.push(
        response.status === 599 ? ((await response.json()) as { mine: string }).mine : response.status,
      );
    }
    expect(answers).toEqual([
      'OPERO_ALL_FAILED',
      'OPERO_ATTEMPT_TIMEOUT',
      200,
      'OPERO_RATE_LIMIT_EXCEEDED',
      'OPERO_ALL_FAILED',
    ]);
    expect(logged).toEqual([]);
  });
});

const work = { running: 0, aborted: [] as string[], finished: [] as string[] };
let release: (() => void)[] = [];
/** How many responses have ended, one way or the other. */
let closed = 0;

/** Works until it is let go, and tells whether it was aborted. */
async function answer(name: string): Promise<string> {
  const { signal } = currentCall();
  work.running++;
  const onAbort = () => void work.aborted.push(name);
  signal.addEventListener('abort', onAbort);
  await new Promise<void>((resolve) => {
    release.push(resolve);
    signal.addEventListener('abort', () => resolve());
  });
  work.finished.push(name);
  return name;
}

@Injectable()
class Store {
  @Opero() async save(name: string): Promise<string> { return answer(name); } // prettier-ignore
}

@Controller()
class Writes {
  constructor(private readonly store: Store) {}
  @Get('read') read() { return this.store.save('read'); } // prettier-ignore
  @Post('plain') plain() { return this.store.save('plain'); } // prettier-ignore
  @Post('decorated') @Opero() async decorated() { return answer('decorated'); } // prettier-ignore
  @Delete('asked') @Opero({ abortOnDisconnect: true }) async asked() { return answer('asked'); } // prettier-ignore
  @Get('kept') @Opero({ abortOnDisconnect: false }) async kept() { return answer('kept'); } // prettier-ignore
}

describe.each(platforms)('a client that goes away on %s', (_name, platform) => {
  let app: INestApplication;
  let url: string;

  const start = async (options?: OperoModuleOptions) => {
    work.running = 0;
    work.aborted = [];
    work.finished = [];
    release = [];
    ({ app, url } = await serve(
      platform,
      moduleWith({ providers: [Store], controllers: [Writes] }, options),
    ));
    const server = app.getHttpServer() as EventEmitter;
    server.on('request', (_request, response: EventEmitter) => response.once('close', () => closed++));
  };
  afterEach(() => app.close());

  const until = async (test: () => boolean): Promise<void> => {
    for (let turn = 0; turn < 400 && !test(); turn++) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(test()).toBe(true);
  };

  /** Makes a request, gives it up, and tells whether its work was aborted. */
  const leave = async (method: string, path: string): Promise<boolean> => {
    const client = new AbortController();
    const [begun, before] = [work.running, closed];
    const gone = fetch(`${url}/${path}`, { method, signal: client.signal }).catch(() => 'gone');
    await until(() => work.running > begun);
    client.abort();
    await gone;
    await until(() => closed > before);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const wasAborted = work.aborted.includes(path);
    for (const letGo of release.splice(0)) letGo();
    await until(() => work.finished.includes(path));
    return wasAborted;
  };

  it('cuts short what reads, and nothing that writes unless asked [hard 3.6]', async () => {
    await start();
    expect(await leave('GET', 'read')).toBe(true);
    expect(await leave('POST', 'plain')).toBe(false);
    expect(await leave('POST', 'decorated')).toBe(false);
    expect(await leave('DELETE', 'asked')).toBe(true);
    expect(await leave('GET', 'kept')).toBe(false);
    expect(
      app.get(OperoService, { strict: false }).describe(Writes, 'asked').options.abortOnDisconnect,
    ).toEqual({
      value: true,
      from: '@Opero() on the method',
    });
  });

  it('cuts short every handler when the defaults say so [hard 3.6]', async () => {
    await start({ defaults: { abortOnDisconnect: true } });
    expect(await leave('POST', 'plain')).toBe(true);
    expect(await leave('POST', 'decorated')).toBe(true);
    expect(await leave('GET', 'kept')).toBe(false);
  });
});
