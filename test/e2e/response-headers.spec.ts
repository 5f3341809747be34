import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Controller,
  Get,
  Header,
  Headers as RequestHeaders,
  Injectable,
  Param,
  Post,
  type ExecutionContext,
  type INestApplication,
} from '@nestjs/common';
import { Opero, OperoService, type OperoModuleOptions } from '../../lib/index.js';
import { moduleWith, platforms, serve } from '../support/apps.js';
import { deferred } from '../support/harness.js';
import { ManualClock } from '../support/manual-clock.js';

let loads = 0;
let fails = false;
let held: Promise<void> | undefined;

@Injectable()
class Prices {
  @Opero({ cache: { key: () => 'service' } })
  async find(): Promise<string> {
    return 'price';
  }

  @Opero({ rateLimit: { limit: 5, interval: 1_000 } })
  async limited(): Promise<string> {
    return 'price';
  }
}

@Controller()
class Routes {
  constructor(private readonly prices: Prices) {}

  @Get('shared/:id')
  @Opero({
    cache: { ttl: 60_000, jitter: 0, share: true, staleWhileRevalidate: 60_000, staleIfError: 600_000 },
  })
  async shared(@Param('id') id: string): Promise<object> {
    await held;
    if (fails) throw Object.assign(new Error('down'), { code: 'ECONNREFUSED' });
    return { id, loads: ++loads };
  }

  @Get('mine')
  @Opero({
    cache: {
      ttl: 60_500,
      jitter: 0,
      principal: (context: ExecutionContext) => context.switchToHttp().getRequest().headers['x-user'],
    },
  })
  async mine(@RequestHeaders('x-user') user: string): Promise<object> {
    return { user, loads: ++loads };
  }

  @Get('own')
  @Header('Cache-Control', 'no-store')
  @Header('X-Cache', 'of the app')
  @Opero({ cache: { share: true } })
  async own(): Promise<string> {
    return 'own';
  }

  @Post('written')
  @Opero({ cache: { share: true } })
  async written(): Promise<object> {
    return { loads: ++loads };
  }

  @Get('limited')
  @Opero({ rateLimit: { limit: 2, interval: 60_000, name: 'per "minute"' } })
  async limited(): Promise<string> {
    return 'ok';
  }

  @Get('burst')
  @Opero({ rateLimit: { limit: 2, interval: 1_500 } })
  async burst(): Promise<string> {
    return 'ok';
  }

  @Get('smooth')
  @Opero({ rateLimit: { limit: 2, interval: 4_000, algorithm: 'smooth', burst: 2 } })
  async smooth(): Promise<string> {
    return 'ok';
  }

  @Get('both')
  @Opero({ cache: { ttl: 60_000, share: true }, rateLimit: { limit: 5, interval: 60_000 } })
  async both(): Promise<string> {
    return 'ok';
  }

  @Get('inside')
  async inside(): Promise<string> {
    return (await this.prices.find()) + (await this.prices.limited());
  }
}

describe.each(platforms)('the headers of a route on %s', (_name, platform) => {
  let app: INestApplication | undefined;
  let url = '';
  let clock: ManualClock;

  const start = async (http?: OperoModuleOptions['http']) => {
    clock = new ManualClock();
    const module = moduleWith(
      { controllers: [Routes], providers: [Prices] },
      { clock, ...(http && { http }) },
    );
    ({ app, url } = await serve(platform, module));
  };
  const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    // With If-None-Match alone, fetch would ask for a full reload.
    fetch(`${url}/${path}`, { headers: { 'Cache-Control': 'max-age=0', ...headers }, method });
  const told = async (path: string, ...names: string[]) => {
    const { headers } = await get(path);
    return names.map((name) => headers.get(name));
  };

  afterEach(async () => {
    fails = false;
    await app?.close();
  });

  it('that is cached say whether its answer was stored, and how long ago', async () => {
    await start();
    expect(await told('shared/1', 'x-cache', 'age')).toEqual(['MISS', null]);
    await clock.advance(2_900);
    expect(await told('shared/1', 'x-cache', 'age')).toEqual(['HIT', '2']);
    expect(await told('shared/2', 'x-cache', 'age')).toEqual(['MISS', null]);
    await clock.advance(60_000);
    expect(await told('shared/1', 'x-cache', 'age')).toEqual(['STALE', '62']);
    await clock.settle();
    expect(await told('shared/1', 'x-cache', 'age')).toEqual(['HIT', '0']);
    fails = true;
    await clock.advance(200_000);
    expect(await told('shared/1', 'x-cache', 'age')).toEqual(['STALE', '200']);
  });

  it('that is cached and asked by many at once are those of a miss for each', async () => {
    await start();
    const { promise, resolve } = deferred();
    held = promise;
    const requests = Promise.all(Array.from({ length: 5 }, () => get('shared/many')));
    const opero = app!.get(OperoService);
    const running = () => opero.operations().find(({ operation }) => operation === 'Routes.shared')!.running;
    while (running() < 5) await new Promise((next) => setImmediate(next));
    held = undefined;
    resolve();
    const all = await requests;
    expect(new Set(all.map(({ headers }) => headers.get('x-cache')))).toEqual(new Set(['MISS']));
    expect(new Set(await Promise.all(all.map((one) => one.text()))).size).toBe(1);
  });

  it('that is cached have a tag, and 304 is answered to those who have it', async () => {
    await start();
    const first = await get('shared/1');
    const tag = first.headers.get('etag')!;
    expect(tag).toMatch(/^W\/".+"$/);
    const body = await first.text();
    const again = await get('shared/1', { 'If-None-Match': `"other", ${tag}` });
    expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', tag]);
    expect(again.headers.get('x-cache')).toBe('HIT');
    const other = await get('shared/1', { 'If-None-Match': '"other"' });
    expect([other.status, await other.text()]).toEqual([200, body]);
    expect((await get('shared/2', { 'If-None-Match': tag })).status).toBe(200);
  });

  it('are those of the user alone where answers are', async () => {
    await start({ cacheControl: true });
    const [ann, bob] = [{ 'x-user': 'ann' }, { 'x-user': 'bob' }];
    const first = await get('mine', ann);
    expect(first.headers.get('cache-control')).toBe('private, max-age=60');
    const tag = first.headers.get('etag')!;
    const others = await get('mine', { ...bob, 'If-None-Match': tag });
    expect([others.status, others.headers.get('x-cache')]).toEqual([200, 'MISS']);
    expect((await get('mine', { ...ann, 'If-None-Match': tag })).status).toBe(304);
  });

  it('have Cache-Control where the app asks for it, for reads', async () => {
    await start({ cacheControl: true });
    expect(await told('shared/1', 'cache-control')).toEqual(['public, max-age=60']);
    await clock.advance(20_000);
    expect(await told('shared/1', 'cache-control', 'age')).toEqual(['public, max-age=60', '20']);
    const written = await get('written', {}, 'POST');
    expect([written.headers.get('cache-control'), written.headers.get('x-cache')]).toEqual([null, 'MISS']);
    await app!.close();
    await start();
    expect(await told('shared/1', 'cache-control')).toEqual([null]);
  });

  it('that the app has set are kept', async () => {
    await start({ cacheControl: true });
    expect(await told('own', 'cache-control', 'x-cache')).toEqual(['no-store', 'of the app']);
  });

  it('that is limited tell the limit, and what is left of it', async () => {
    await start();
    const policy = '"per \\"minute\\"";q=2;w=60';
    const names = ['ratelimit-policy', 'ratelimit', 'retry-after'];
    expect(await told('limited', ...names)).toEqual([policy, '"per \\"minute\\"";r=1;t=60', null]);
    await clock.advance(10_000);
    expect(await told('limited', ...names)).toEqual([policy, '"per \\"minute\\"";r=0;t=50', null]);
    const refused = await get('limited');
    expect(refused.status).toBe(429);
    expect(names.map((name) => refused.headers.get(name))).toEqual([
      policy,
      '"per \\"minute\\"";r=0;t=50',
      '50',
    ]);
    expect(await told('smooth', 'ratelimit')).toEqual(['"default";r=1;t=2']);
    expect(await told('smooth', 'ratelimit')).toEqual(['"default";r=0;t=2']);
    await clock.advance(1_000);
    expect(await told('smooth', 'ratelimit')).toEqual(['"default";r=0;t=1']);
    expect(await told('burst', ...names)).toEqual(['"default";q=2', '"default";r=1;t=2', null]);
  });

  it('that is cached and limited tell the limit of a load only', async () => {
    await start();
    expect(await told('both', 'x-cache', 'ratelimit')).toEqual(['MISS', '"default";r=4;t=60']);
    expect(await told('both', 'x-cache', 'ratelimit')).toEqual(['HIT', null]);
  });

  it('say nothing of methods that it calls', async () => {
    await start();
    expect(await told('inside', 'x-cache', 'ratelimit', 'ratelimit-policy')).toEqual([null, null, null]);
  });

  it('can be switched off', async () => {
    await start({ headers: false });
    expect(await told('shared/1', 'x-cache', 'age')).toEqual([null, null]);
    expect(await told('limited', 'ratelimit')).toEqual([null]);
    if (_name === 'fastify') expect(await told('shared/1', 'etag')).toEqual([null]);
  });
});
