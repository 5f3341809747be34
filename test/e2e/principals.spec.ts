import { afterEach, describe, expect, it } from '@jest/globals';
import {
  CanActivate,
  Controller,
  Get,
  Injectable,
  Param,
  Scope,
  UseInterceptors,
  type ExecutionContext,
  type INestApplication,
  type INestApplicationContext,
} from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import {
  ClientProxyFactory,
  MessagePattern,
  Payload,
  Transport,
  type ClientProxy,
  type TcpClientOptions,
} from '@nestjs/microservices';
import { WsAdapter } from '@nestjs/platform-ws';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { firstValueFrom } from 'rxjs';
import { WebSocket } from 'ws';
import {
  Opero,
  OperoInterceptor,
  OperoService,
  currentExecutionContext,
  type OperoModuleOptions,
} from '../../lib/index.js';
import { moduleWith, platforms, serve } from '../support/apps.js';
import { deferred } from '../support/harness.js';
import { freePort } from '../support/transports.js';

interface Request {
  readonly headers: Record<string, string | undefined>;
  user?: { id: string };
}

const requestOf = (context: ExecutionContext): Request => context.switchToHttp().getRequest<Request>();

/** What the boot accepts as telling users apart: the user that a guard has found. */
const principal = (context: ExecutionContext): string | undefined => requestOf(context).user?.id;

/** Finds the user by an API key: nothing in `Authorization` or `Cookie`. */
@Injectable()
class ApiKeys implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = requestOf(context);
    if (context.getType() !== 'http') return true;
    const key = request.headers['x-api-key'];
    if (key) request.user = { id: key };
    return true;
  }
}

const calls = { route: 0, service: 0 };

/** Holds the loads of a flight until all callers are there. */
let gate = deferred();

const who = (): string | undefined => principal(currentExecutionContext()!);

@Injectable()
class Service {
  @Opero({ cache: { ttl: 60_000, principal } })
  async mine(): Promise<string> {
    calls.service++;
    return `mine: ${who()}`;
  }
}

@Controller()
class Routes {
  constructor(
    private readonly service: Service,
    private readonly opero: OperoService,
  ) {}

  @Get('me')
  @Opero({ cache: 60_000 })
  async me(): Promise<string> {
    calls.route++;
    return `me: ${who()}`;
  }

  @Get('slow')
  @Opero({ singleFlight: true })
  async slow(): Promise<string> {
    calls.route++;
    await gate.promise;
    return `slow: ${who()}`;
  }

  @Get('public')
  @Opero({ cache: { ttl: 60_000, share: true } })
  async everybodys(): Promise<string> {
    return `public ${++calls.route}`;
  }

  @Get('keyed/:id')
  @Opero({ cache: { ttl: 60_000, key: (id: string) => id } })
  async keyed(@Param('id') id: string): Promise<string> {
    return `keyed ${id}: ${who()}`;
  }

  @Get('own')
  @Opero({
    cache: { ttl: 60_000, share: true, principal: (context) => requestOf(context).headers['x-team'] },
  })
  async team(): Promise<string> {
    return `team ${requestOf(currentExecutionContext()!).headers['x-team']} ${++calls.route}`;
  }

  @Get('run')
  async run(): Promise<string> {
    const user = who()!;
    const cache = { ttl: 60_000, principal: () => user };
    return this.opero.run({ name: 'runs', cache }, async () => `run: ${user} ${++calls.service}`, {
      args: [],
    });
  }

  @Get('service') fromService() { return this.service.mine(); } // prettier-ignore
  @Get('by-hand') byHand() { return this.me(); } // prettier-ignore

  @Get('broken/:how')
  @Opero({
    cache: {
      ttl: 60_000,
      principal: (context) => {
        switch (context.switchToHttp().getRequest<{ params: { how: string } }>().params.how) {
          case 'promise':
            return Promise.reject(new Error('late')) as never;
          case 'number':
            return 7 as never;
          case 'empty':
            return '';
          case 'object':
            return { secret: 's3cret' } as never;
          default:
            throw new Error('no session');
        }
      },
    },
  })
  async broken(@Param('how') how: string): Promise<string> {
    return `${how} ${++calls.route}`;
  }
}

@Controller({ path: 'scoped', scope: Scope.REQUEST })
class ScopedRoutes {
  @Get()
  @Opero({ cache: { ttl: 60_000, share: true, principal } })
  async me(): Promise<string> {
    return `scoped ${who()} ${++calls.route}`;
  }

  @Get('alone')
  @Opero({ cache: { ttl: 60_000, principal } })
  async alone(): Promise<string> {
    return `alone ${who()} ${++calls.route}`;
  }
}

const warnings: string[] = [];
const logger = {
  log: () => undefined,
  error: () => undefined,
  warn: (message: string) => void warnings.push(message),
};

const apps: INestApplicationContext[] = [];
const clients: { close(): unknown }[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  for (const app of apps.splice(0)) await app.close();
  warnings.length = calls.route = calls.service = 0;
});

const guard = { provide: APP_GUARD, useClass: ApiKeys };

describe.each(platforms)('the principal of a request on %s', (_name, platform) => {
  let url: string;
  let app: INestApplication;

  const start = async (options: OperoModuleOptions = { cache: { principal } }): Promise<void> => {
    const providers = [Service, guard];
    ({ app, url } = await serve(
      platform,
      moduleWith({ providers, controllers: [Routes, ScopedRoutes] }, options),
    ));
    app.useLogger(logger);
    apps.push(app);
  };
  const text = async (path: string, user?: string, more: Record<string, string> = {}): Promise<string> => {
    const headers = { ...(user && { 'x-api-key': user }), ...more };
    return (await fetch(`${url}/${path}`, { headers })).text();
  };

  it('keeps users apart who are told by an API key or by what a guard finds [hard 2.2]', async () => {
    await start();
    for (const user of ['alice', 'bob', 'alice']) expect(await text('me', user)).toBe(`me: ${user}`);
    expect(calls.route).toBe(2);
    gate = deferred();
    const answers = Promise.all(['alice', 'bob', 'alice'].map((user) => text('slow', user)));
    const opero = app.get(OperoService, { strict: false });
    while (opero.operations().find(({ operation }) => operation === 'Routes.slow')?.counts.shared !== 1)
      await new Promise((resolve) => setTimeout(resolve, 5));
    gate.resolve();
    expect(await answers).toEqual(['slow: alice', 'slow: bob', 'slow: alice']);
    expect(calls.route).toBe(4);
    for (const user of ['alice', 'bob']) expect(await text('keyed/1', user)).toBe(`keyed 1: ${user}`);
  });

  it('is not asked for what is shared by everybody, and a nearer one is asked instead [hard 2.2]', async () => {
    await start();
    expect([await text('public', 'alice'), await text('public', 'bob')]).toEqual(['public 1', 'public 1']);
    const team = (name: string, user: string) => text('own', user, { 'x-team': name });
    expect([await team('red', 'alice'), await team('red', 'bob'), await team('blue', 'bob')]).toEqual([
      'team red 2',
      'team red 2',
      'team blue 3',
    ]);
  });

  it('tells the users of request-scoped controllers apart, whose entries are shared [hard 2.2]', async () => {
    await start();
    expect([
      await text('scoped', 'alice'),
      await text('scoped', 'alice'),
      await text('scoped', 'bob'),
    ]).toEqual(['scoped alice 1', 'scoped alice 1', 'scoped bob 2']);
  });

  it('warns once of a cache that no later request can hit, on a request-scoped controller', async () => {
    await start();
    expect([await text('scoped/alone', 'alice'), await text('scoped/alone', 'alice')]).toEqual([
      'alone alice 1',
      'alone alice 2',
    ]);
    expect(warnings).toEqual([
      'ScopedRoutes.alone is cached for an instance of one request, which no other request has: share: true lets all instances share results',
    ]);
  });

  it('is that of the request also for services, and for handlers that others call [hard 2.2]', async () => {
    await start();
    for (const user of ['alice', 'bob', 'alice']) {
      expect(await text('service', user)).toBe(`mine: ${user}`);
      expect(await text('by-hand', user)).toBe(`me: ${user}`);
    }
    expect(calls).toEqual({ route: 2, service: 2 });
  });

  it('lets a call run uncached, with one warning, where it is not known [hard 2.2]', async () => {
    await start();
    expect([await text('me'), await text('me')]).toEqual(['me: undefined', 'me: undefined']);
    expect(calls.route).toBe(2);
    const answers: string[] = [];
    for (const how of ['promise', 'number', 'empty', 'object', 'throws', 'throws']) {
      answers.push(await text(`broken/${how}`));
      expect(await text(`broken/${how}`)).not.toBe(answers.at(-1));
    }
    const ran = (method: string, why: string) => `Routes.${method} runs uncached: cache.principal ${why}`;
    expect(warnings).toEqual([
      ran('me', 'answered with undefined, allowed: a text that is not empty'),
      ran('broken', 'answered with a promise, allowed: a text that is not empty'),
      ran('broken', 'answered with a value of type number, allowed: a text that is not empty'),
      ran('broken', 'answered with an empty text, allowed: a text that is not empty'),
      ran('broken', 'answered with a value of type object, allowed: a text that is not empty'),
      ran('broken', 'threw Error: no session'),
    ]);
    const counts = app.get(OperoService, { strict: false }).operations();
    expect(counts.find(({ operation }) => operation === 'Routes.me')?.counts['cache-bypass']).toBe(2);
  });

  it('is not known outside of a request: such calls run uncached, with a warning [hard 2.2]', async () => {
    await start();
    expect(
      await app
        .get(Routes)
        .me()
        .catch((error: Error) => error.name),
    ).toBe('TypeError');
    await app
      .get(Service)
      .mine()
      .catch(() => undefined);
    await app
      .get(Service)
      .mine()
      .catch(() => undefined);
    expect(calls).toEqual({ route: 1, service: 2 });
    expect(warnings[0]).toContain(
      'Routes.me runs uncached: cache.principal is not known: it is asked outside of',
    );
    expect(warnings).toHaveLength(2);
  });

  it('is asked in the way that the options of each run give [hard 2.2]', async () => {
    await start();
    for (const [user, answer] of [
      ['alice', 'run: alice 1'],
      ['bob', 'run: bob 2'],
      ['alice', 'run: alice 1'],
    ])
      expect(await text('run', user)).toBe(answer);
  });

  it('can be named to evict what is cached for it [hard 2.2]', async () => {
    await start();
    const { cache } = app.get(OperoService, { strict: false });
    for (const user of ['alice', 'bob']) await text('me', user);
    await cache.evict({ operation: 'Routes.me', args: [], principal: 'alice' });
    for (const user of ['alice', 'bob']) await text('me', user);
    expect(calls.route).toBe(3);
    // Nobody is named: what is cached for all of them goes.
    await cache.evict({ operation: 'Routes.me', args: [] });
    for (const user of ['alice', 'bob']) await text('me', user);
    expect(calls.route).toBe(5);
  });
});

const byMessage = (context: ExecutionContext): string =>
  context.switchToRpc().getData<{ user: string }>().user;

@Controller()
class Messages {
  @MessagePattern('me')
  @Opero({ cache: { ttl: 60_000, key: () => 'me', principal: byMessage } })
  async me(@Payload() data: { user: string }): Promise<string> {
    return `me: ${data.user} ${++calls.route}`;
  }
}

describe('the principal of a message', () => {
  const send = (client: ClientProxy, user: string): Promise<string> =>
    firstValueFrom(client.send<string>('me', { user }));
  const connect = (options: TcpClientOptions): ClientProxy => {
    const client = ClientProxyFactory.create(options);
    clients.push(client);
    return client;
  };
  const options = async (): Promise<TcpClientOptions & { transport: Transport.TCP }> => ({
    transport: Transport.TCP,
    options: { host: '127.0.0.1', port: await freePort() },
  });

  it('keeps the users of a microservice apart [hard 2.2]', async () => {
    const transport = await options();
    const app = await NestFactory.createMicroservice(moduleWith({ controllers: [Messages] }), {
      ...transport,
      logger: false,
    });
    await app.listen();
    apps.push(app);
    const client = connect(transport);
    expect([await send(client, 'alice'), await send(client, 'bob'), await send(client, 'alice')]).toEqual([
      'me: alice 1',
      'me: bob 2',
      'me: alice 1',
    ]);
  });

  it('is not known where no interceptor runs, in a hybrid app: nothing is shared [hard 2.2]', async () => {
    const transport = await options();
    const app = await NestFactory.create(moduleWith({ controllers: [Messages] }), { logger });
    app.connectMicroservice(transport);
    await app.startAllMicroservices();
    apps.push(app);
    const client = connect(transport);
    expect([await send(client, 'alice'), await send(client, 'alice')]).toEqual([
      'me: alice 1',
      'me: alice 2',
    ]);
    expect(warnings).toEqual([
      expect.stringContaining('put @UseInterceptors(OperoInterceptor) on such a handler'),
    ]);
  });

  it('keeps the users of a gateway apart [hard 2.2]', async () => {
    @UseInterceptors(OperoInterceptor)
    @WebSocketGateway()
    class Gateway {
      @SubscribeMessage('me')
      @Opero({
        cache: {
          ttl: 60_000,
          key: () => 'me',
          principal: (context) => context.switchToWs().getData<{ user: string }>().user,
        },
      })
      async me(_client: unknown, data: { user: string }): Promise<{ event: string; data: string }> {
        return { event: 'me', data: `me: ${data.user} ${++calls.route}` };
      }
    }
    const app = await NestFactory.create(moduleWith({ providers: [Gateway] }), { logger: false });
    app.useWebSocketAdapter(new WsAdapter(app));
    await app.listen(0, '127.0.0.1');
    apps.push(app);
    const socket = new WebSocket((await app.getUrl()).replace('http', 'ws'));
    clients.push(socket);
    await new Promise((resolve) => socket.once('open', resolve));
    const ask = (user: string): Promise<string> =>
      new Promise((resolve) => {
        socket.once('message', (message) => resolve((JSON.parse(String(message)) as { data: string }).data));
        socket.send(JSON.stringify({ event: 'me', data: { user } }));
      });
    expect([await ask('alice'), await ask('bob'), await ask('alice')]).toEqual([
      'me: alice 1',
      'me: bob 2',
      'me: alice 1',
    ]);
  });
});
