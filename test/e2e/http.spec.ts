import { afterEach, describe, expect, it } from '@jest/globals';
import {
  BadRequestException,
  CanActivate,
  ConflictException,
  Controller,
  Get,
  Headers,
  Injectable,
  Param,
  ParseIntPipe,
  Patch,
  Post,
  Query,
  Req,
  SetMetadata,
  Sse,
  UseGuards,
  type ExecutionContext,
  type INestApplication,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { CacheModule } from '@nestjs/cache-manager';
import { from, Observable, throwError } from 'rxjs';
import {
  currentCall,
  currentExecutionContext,
  FallbackArg,
  findCurrentCall,
  Opero,
  OperoService,
} from '../../lib/index.js';
import { CircuitOpenError } from '../../lib/core/errors/index.js';
import { moduleWith, platforms, serve } from '../support/apps.js';

const seen = { pipes: 0, calls: 0, aborted: [] as unknown[], unsafe: 0 };

@Injectable()
class CountingPipe extends ParseIntPipe {
  override async transform(value: string, metadata: never): Promise<number> {
    seen.pipes++;
    return (await super.transform(value, metadata))!;
  }
}

@Injectable()
class RolesGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}
  canActivate(context: ExecutionContext): boolean {
    const role = this.reflector.get<string | undefined>('role', context.getHandler());
    return role === undefined || context.switchToHttp().getRequest().headers.role === role;
  }
}

@Injectable()
class Upstream {
  @Opero({ rateLimit: { limit: 1, interval: 60_000, mode: 'reject', name: 'once a minute' } })
  async limited(): Promise<string> {
    return 'ok';
  }

  @Opero({ timeout: 20 })
  async slow(): Promise<string> {
    return new Promise(() => undefined);
  }

  @Opero({ retry: { retries: 1, minDelay: 1, exhausted: 'aggregate' } })
  async down(): Promise<string> {
    throw new Error('password=hunter2');
  }

  @Opero({ retry: { retries: 1, minDelay: 1, retryOn: () => true } })
  async conflict(): Promise<string> {
    throw new ConflictException('taken');
  }

  @Opero()
  async open(): Promise<string> {
    throw new CircuitOpenError('open', 'Upstream.open', 1_200);
  }

  @Opero({ timeout: 10_000 })
  async watched(): Promise<string> {
    const { signal } = currentCall();
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        seen.aborted.push(signal.reason);
        reject(signal.reason as Error);
      });
    });
  }

  @Opero({ cache: 60_000 })
  async byId(id: number): Promise<string> {
    seen.calls++;
    return `service ${id} ${seen.calls}`;
  }

  @Opero()
  async context(): Promise<string> {
    const handler = currentExecutionContext()!.getHandler().name;
    return `${handler} ${currentCall().correlationId}`;
  }

  @Opero({ fallback: { value: 'from the fallback' }, timeout: 1_000 })
  async provider(@FallbackArg('primary', 'backup') name?: string): Promise<string> {
    if (name === 'primary') throw new Error('primary is down');
    return `from ${name}`;
  }
}

@Controller()
@UseGuards(RolesGuard)
class Routes {
  constructor(private readonly upstream: Upstream) {}

  @Get('limited') limited() { return this.upstream.limited(); } // prettier-ignore
  @Get('slow') slow() { return this.upstream.slow(); } // prettier-ignore
  @Get('down') down() { return this.upstream.down(); } // prettier-ignore
  @Get('conflict') conflict() { return this.upstream.conflict(); } // prettier-ignore
  @Get('open') open() { return this.upstream.open(); } // prettier-ignore
  @Get('watched') watched() { return this.upstream.watched(); } // prettier-ignore
  @Get('context') context() { return this.upstream.context(); } // prettier-ignore
  @Get('provider') provider() { return this.upstream.provider(); } // prettier-ignore
  @Get('plain') plain(): never { throw new BadRequestException('wrong'); } // prettier-ignore
  @Get('outside') outside() { return { call: findCurrentCall() === undefined }; } // prettier-ignore

  @Get('retried/:id')
  @Opero({ retry: { retries: 2, minDelay: 1 } })
  retried(@Param('id', CountingPipe) id: number): Promise<number> {
    seen.calls++;
    return seen.calls < 3 ? Promise.reject(new Error('not yet')) : Promise.resolve(id);
  }

  @Get('role')
  @SetMetadata('role', 'admin')
  @Opero({ retry: 1 })
  async role(): Promise<string> {
    return 'admin';
  }

  @Post('unsafe')
  @Opero({ retry: { retries: 3, minDelay: 1 } })
  async unsafe(): Promise<string> {
    seen.unsafe++;
    throw new Error('once');
  }

  @Patch('unsafe')
  @Opero({ retry: { retries: 2, minDelay: 1, idempotent: true } })
  async idempotent(): Promise<string> {
    seen.unsafe++;
    throw new Error('thrice');
  }

  @Get('direct')
  @Opero({ rateLimit: { limit: 1, interval: 60_000 } })
  async direct(): Promise<string> {
    return 'direct';
  }

  @Get('me')
  @Opero({ cache: 60_000 })
  async me(): Promise<string> {
    const request = currentExecutionContext()!
      .switchToHttp()
      .getRequest<{ headers: Record<string, string> }>();
    return `me is ${request.headers.authorization}`;
  }

  @Get('request')
  @Opero({ cache: 60_000 })
  async request(@Req() request: { headers: Record<string, string> }): Promise<string> {
    return `request of ${request.headers.authorization}`;
  }

  @Get('u/:id')
  @Opero({ cache: 60_000 })
  async user(
    @Param('id') id: string,
    @Query('q') query?: string,
    @Headers('x-team') team?: string,
  ): Promise<string> {
    return `${id} ${query} ${team}`;
  }

  @Get('shared/:id')
  @Opero({ cache: { ttl: 60_000, share: true } })
  async shared(@Param('id') id: string): Promise<string> {
    seen.calls++;
    return `${id} ${seen.calls}`;
  }

  @Get('by-id/:id') byId(@Param('id', ParseIntPipe) id: number) { return this.upstream.byId(id); } // prettier-ignore

  @Get('observable')
  @Opero({ retry: { retries: 2, minDelay: 1 } })
  observable(): Observable<string> {
    return ++seen.calls < 3 ? throwError(() => new Error('not yet')) : from(['first', 'last']);
  }

  @Sse('events')
  @Opero({ retry: { retries: 2, minDelay: 1 } })
  events(): Observable<{ data: string }> {
    return ++seen.calls < 3
      ? throwError(() => new Error('not yet'))
      : from([{ data: 'one' }, { data: 'two' }]);
  }
}

const principal = (context: ExecutionContext): string =>
  context.switchToHttp().getRequest<{ headers: Record<string, string> }>().headers.authorization ?? 'nobody';

describe.each(platforms)('over HTTP on %s', (_name, platform) => {
  let app: INestApplication;
  let url: string;

  const start = async () => {
    seen.pipes = seen.calls = seen.unsafe = 0;
    seen.aborted = [];
    const imports = [CacheModule.register()];
    ({ app, url } = await serve(
      platform,
      moduleWith(
        { imports, providers: [Upstream, CountingPipe], controllers: [Routes] },
        { cache: { principal } },
      ),
    ));
  };
  const get = (path: string, headers: Record<string, string> = {}) => fetch(`${url}/${path}`, { headers });
  const text = async (path: string, headers?: Record<string, string>) => (await get(path, headers)).text();

  afterEach(() => app.close());

  it('answers a spent rate limit with 429 and Retry-After', async () => {
    await start();
    expect((await get('limited')).status).toBe(200);
    const refused = await get('limited');
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(55);
    expect(await refused.json()).toEqual({
      statusCode: 429,
      code: 'OPERO_RATE_LIMIT_EXCEEDED',
      message: 'Too many requests',
    });
  });

  it('answers an open circuit with 503 and Retry-After, a timeout with 504', async () => {
    await start();
    const open = await get('open');
    expect([open.status, open.headers.get('retry-after')]).toEqual([503, '2']);
    const slow = await get('slow');
    expect([slow.status, ((await slow.json()) as { code: string }).code]).toEqual([
      504,
      'OPERO_ATTEMPT_TIMEOUT',
    ]);
  });

  it("answers a call that failed for good with its last HttpException, else 502, and never with the cause's text", async () => {
    await start();
    const down = await get('down');
    const body = await down.text();
    expect(down.status).toBe(502);
    expect(body).toContain('OPERO_ALL_FAILED');
    expect(body).not.toContain('hunter2');
    const conflict = await get('conflict');
    expect([conflict.status, ((await conflict.json()) as { message: string }).message]).toEqual([
      409,
      'taken',
    ]);
    expect((await get('plain')).status).toBe(400);
  });

  it('retries a route without running its pipes again, with the arguments as they were piped', async () => {
    await start();
    expect(await text('retried/7')).toBe('7');
    expect(seen).toMatchObject({ calls: 3, pipes: 1 });
  });

  it('lets guards read the metadata of a decorated handler [peers 17]', async () => {
    await start();
    expect((await get('role')).status).toBe(403);
    expect(await text('role', { role: 'admin' })).toBe('admin');
  });

  it('does not repeat a POST or PATCH unless it is idempotent [peers 15]', async () => {
    await start();
    await fetch(`${url}/unsafe`, { method: 'POST' });
    expect(seen.unsafe).toBe(1);
    await fetch(`${url}/unsafe`, { method: 'PATCH' });
    expect(seen.unsafe).toBe(4);
  });

  it('rejects above the rate limit of a route instead of letting the client wait', async () => {
    await start();
    expect((await get('direct')).status).toBe(200);
    expect((await get('direct')).status).toBe(429);
  });

  it('aborts the calls of a client that went away', async () => {
    await start();
    const client = new AbortController();
    const gone = fetch(`${url}/watched`, { signal: client.signal }).catch(() => 'gone');
    const opero = app.get(OperoService, { strict: false });
    while (opero.operations().find(({ operation }) => operation === 'Upstream.watched')?.running !== 1)
      await tick();
    client.abort();
    expect(await gone).toBe('gone');
    while (seen.aborted.length === 0) await tick();
    expect(seen.aborted[0]).toMatchObject({ name: 'AbortError', message: 'The client went away' });
  });

  it('gives calls the request they belong to, and its id if it is harmless', async () => {
    await start();
    expect(await text('context', { 'x-request-id': 'abc-123' })).toBe('context abc-123');
    expect(await text('context', { 'x-request-id': 'x'.repeat(500) })).toMatch(/^context [0-9a-f-]{36}$/);
    expect(await text('context', { 'x-request-id': 'a b;c' })).toMatch(/^context [0-9a-f-]{36}$/);
    expect(await text('outside')).toBe('{"call":true}');
  });

  it('serves from the backup, through argument fallback', async () => {
    await start();
    expect(await text('provider')).toBe('from backup');
  });

  it("never serves one user another's answer [peers 1]", async () => {
    await start();
    for (const path of ['me', 'request']) {
      expect(await text(path, { authorization: 'alice' })).toContain('alice');
      expect(await text(path, { authorization: 'bob' })).toContain('bob');
      expect(await text(path, { authorization: 'alice' })).toContain('alice');
    }
    expect(await text('u/1')).toBe('1 undefined undefined');
    expect(await text('u/2')).toBe('2 undefined undefined');
    expect(await text('u/1?q=x')).toBe('1 x undefined');
    expect(await text('u/1?q=x', { 'x-team': 'red' })).toBe('1 x red');
  });

  it('caches by the piped arguments, and across users when told to share [cache 1]', async () => {
    await start();
    const all = await Promise.all(Array.from({ length: 20 }, () => text('by-id/7')));
    expect(new Set(all)).toEqual(new Set(['service 7 1']));
    expect(await text('shared/1', { authorization: 'alice' })).toBe('1 2');
    expect(await text('shared/1', { authorization: 'bob' })).toBe('1 2');
  });

  it('retries an Observable before its first value, over HTTP and SSE [peers 20]', async () => {
    await start();
    expect(await text('observable')).toBe('last');
    seen.calls = 0;
    const response = await get('events');
    const reader = response.body!.getReader();
    let received = '';
    while (!received.includes('two')) received += new TextDecoder().decode((await reader.read()).value);
    await reader.cancel();
    expect(received.match(/data: \w+/g)).toEqual(['data: one', 'data: two']);
  });
});

const tick = () => new Promise((resolve) => setTimeout(resolve, 5));
