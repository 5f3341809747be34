import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Catch,
  Controller,
  Injectable,
  UseFilters,
  UseInterceptors,
  type ArgumentsHost,
  type ExceptionFilter,
  type INestApplicationContext,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientProxyFactory, MessagePattern, Transport, type ClientProxy } from '@nestjs/microservices';
import { WsAdapter } from '@nestjs/platform-ws';
import { SubscribeMessage, WebSocketGateway, WsException } from '@nestjs/websockets';
import { firstValueFrom } from 'rxjs';
import { WebSocket } from 'ws';
import { currentExecutionContext, Opero, OperoInterceptor } from '../../lib/index.js';
import { moduleWith } from '../support/apps.js';
import { freePort } from '../support/transports.js';

const calls = { flaky: 0 };

@Injectable()
class Upstream {
  @Opero({ rateLimit: { limit: 1, interval: 60_000, mode: 'reject', name: 'once' } })
  async limited(): Promise<string> {
    return 'ok';
  }
}

@Controller()
class Messages {
  constructor(private readonly upstream: Upstream) {}

  @MessagePattern('limited')
  limited(): Promise<string> {
    return this.upstream.limited();
  }

  @MessagePattern('flaky')
  @Opero({ retry: { retries: 2, minDelay: 1 } })
  async flaky(data: { id: number }): Promise<string> {
    if (++calls.flaky < 3) throw new Error('not yet');
    return `${currentExecutionContext()?.getType() ?? 'no context'} ${data.id}`;
  }
}

/** What Nest 12 does by itself: native sockets of Nest 11 are not told of exceptions. */
@Catch(WsException)
class TellSocket implements ExceptionFilter<WsException> {
  catch(exception: WsException, host: ArgumentsHost): void {
    const socket = host.switchToWs().getClient<WebSocket>();
    socket.send(JSON.stringify({ event: 'exception', data: exception.getError() }));
  }
}

// Nest 11 runs no interceptor of the app for gateways: there it is asked for. Twice does no harm.
@UseInterceptors(OperoInterceptor)
@UseFilters(TellSocket)
@WebSocketGateway()
class Gateway {
  constructor(private readonly upstream: Upstream) {}

  @SubscribeMessage('limited')
  async limited(): Promise<{ event: string; data: string }> {
    return { event: 'limited', data: await this.upstream.limited() };
  }

  @SubscribeMessage('flaky')
  @Opero({ retry: { retries: 2, minDelay: 1 } })
  async flaky(): Promise<{ event: string; data: string }> {
    if (++calls.flaky < 3) throw new Error('not yet');
    return { event: 'flaky', data: currentExecutionContext()!.getType() };
  }
}

const apps: INestApplicationContext[] = [];
const clients: { close(): unknown }[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  for (const app of apps.splice(0)) await app.close();
  calls.flaky = 0;
});

const send = (client: ClientProxy, pattern: string): Promise<unknown> =>
  firstValueFrom(client.send(pattern, { id: 7 }));

describe('a microservice over TCP', () => {
  const options = async () => ({
    transport: Transport.TCP as const,
    options: { host: '127.0.0.1', port: await freePort() },
  });

  it('retries a handler, and answers refusals with an RpcException that carries the code', async () => {
    const transport = await options();
    const app = await NestFactory.createMicroservice(
      moduleWith({ providers: [Upstream], controllers: [Messages] }),
      {
        ...transport,
        logger: false,
      },
    );
    await app.listen();
    apps.push(app);
    const client = ClientProxyFactory.create(transport);
    clients.push(client);
    expect(await send(client, 'flaky')).toBe('rpc 7');
    expect(await send(client, 'limited')).toBe('ok');
    const refused = await send(client, 'limited').catch((error: unknown) => error);
    expect(refused).toMatchObject({
      status: 'error',
      code: 'OPERO_RATE_LIMIT_EXCEEDED',
      message: 'Too many requests',
    });
    expect(refused).toHaveProperty('retryAfterSeconds');
  });

  it('retries a handler of a hybrid app, where interceptors of the app do not run', async () => {
    const transport = await options();
    const app = await NestFactory.create(moduleWith({ providers: [Upstream], controllers: [Messages] }), {
      logger: false,
    });
    app.connectMicroservice(transport);
    await app.startAllMicroservices();
    apps.push(app);
    const client = ClientProxyFactory.create(transport);
    clients.push(client);
    expect(await send(client, 'flaky')).toBe('no context 7');
  });
});

describe('a WebSocket gateway', () => {
  it('retries a handler, and answers refusals with a WsException that carries the code', async () => {
    const app = await NestFactory.create(moduleWith({ providers: [Upstream, Gateway] }), { logger: false });
    app.useWebSocketAdapter(new WsAdapter(app));
    await app.listen(0, '127.0.0.1');
    apps.push(app);
    const socket = new WebSocket((await app.getUrl()).replace('http', 'ws'));
    clients.push(socket);
    await new Promise((resolve) => socket.once('open', resolve));
    const ask = (event: string): Promise<{ data: unknown }> =>
      new Promise((resolve) => {
        socket.once('message', (message) => resolve(JSON.parse(String(message)) as { data: unknown }));
        socket.send(JSON.stringify({ event, data: {} }));
      });
    expect(await ask('flaky')).toEqual({ event: 'flaky', data: 'ws' });
    expect(await ask('limited')).toEqual({ event: 'limited', data: 'ok' });
    expect((await ask('limited')).data).toMatchObject({ code: 'OPERO_RATE_LIMIT_EXCEEDED' });
  });
});
