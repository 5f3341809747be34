import {
  Controller,
  Get,
  Module,
  type INestApplication,
  type NestInterceptor,
  type Type,
} from '@nestjs/common';
import { APP_INTERCEPTOR, NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import autocannon from 'autocannon';
import Table from 'cli-table3';
import { Opero, OperoModule, seconds } from '../../dist/index.js';

@Controller()
class Plain {
  @Get()
  async answer(): Promise<object> {
    return { ok: true };
  }
}

@Controller()
class Decorated {
  @Get()
  @Opero({ retry: 3, timeout: seconds(5), fallback: { value: {} }, circuitBreaker: true, bulkhead: 1_000 })
  async answer(): Promise<object> {
    return { ok: true };
  }
}

const nothing: NestInterceptor = { intercept: (_context, next) => next.handle() };

@Module({ controllers: [Plain], providers: [{ provide: APP_INTERCEPTOR, useValue: nothing }] })
class WithoutOpero {}

@Module({ imports: [OperoModule.forRoot()], controllers: [Plain] })
class Imported {}

@Module({ imports: [OperoModule.forRoot()], controllers: [Decorated] })
class WithStrategies {}

const apps: readonly (readonly [name: string, module: Type])[] = [
  ['an interceptor that does nothing', WithoutOpero],
  ['nestjs-opero imported, route not decorated', Imported],
  ['nestjs-opero, route with five strategies', WithStrategies],
];

const ROUNDS = 7;

/** Requests a second that a Fastify app answers, each app in turn; the client runs in a thread of its own. */
export async function routes(): Promise<string> {
  const table = new Table({
    head: ['a route on Fastify', 'requests/s', 'x no-op interceptor'],
    colAligns: ['left', 'right', 'right'],
    style: { head: [], border: [] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  const served = await Promise.all(apps.map(async ([name, module]) => ({ name, ...(await serve(module)) })));
  const rates = served.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, { url }] of served.entries()) {
      const { requests } = await autocannon({ url, connections: 50, duration: 1, workers: 1 });
      // The first round is for the compiler.
      if (round > 0) rates[index]!.push(requests.average);
    }
  }
  await Promise.all(served.map(({ app }) => app.close()));
  const medians = rates.map((values) => values.sort((a, b) => a - b)[values.length >> 1]!);
  for (const [index, { name }] of served.entries()) {
    const ratio = (medians[index]! / medians[0]!).toFixed(2);
    table.push([name, Math.round(medians[index]!).toLocaleString('en'), ratio]);
  }
  return table.toString();
}

async function serve(module: Type): Promise<{ app: INestApplication; url: string }> {
  const app = await NestFactory.create(module, new FastifyAdapter(), { logger: false });
  await app.listen(0, '127.0.0.1');
  return { app, url: await app.getUrl() };
}
