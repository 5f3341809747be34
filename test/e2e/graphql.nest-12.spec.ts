import { afterEach, expect, it } from '@jest/globals';
import { Injectable, type INestApplication } from '@nestjs/common';
import { Args, GraphQLModule, Int, Query, Resolver } from '@nestjs/graphql';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { ExpressAdapter } from '@nestjs/platform-express';
import { currentExecutionContext, Opero } from '../../lib/index.js';
import { moduleWith, serve } from '../support/apps.js';

const calls = { flaky: 0 };

@Injectable()
class Upstream {
  @Opero({ rateLimit: { limit: 1, interval: 60_000, mode: 'reject' } })
  async limited(): Promise<string> {
    return 'ok';
  }
}

@Resolver()
class Queries {
  constructor(private readonly upstream: Upstream) {}

  @Query(() => String)
  limited(): Promise<string> {
    return this.upstream.limited();
  }

  @Query(() => String)
  @Opero({ retry: { retries: 2, minDelay: 1 } })
  async flaky(@Args('id', { type: () => Int }) id: number): Promise<string> {
    if (++calls.flaky < 3) throw new Error('not yet');
    return `${currentExecutionContext()!.getType()} ${id}`;
  }
}

let app: INestApplication | undefined;
afterEach(() => app?.close());

it('retries a GraphQL resolver, and answers refusals with the code among the extensions', async () => {
  const driver = GraphQLModule.forRoot<ApolloDriverConfig>({
    driver: ApolloDriver,
    autoSchemaFile: true,
  });
  const module = moduleWith({ imports: [driver], providers: [Upstream, Queries] });
  const served = await serve(() => new ExpressAdapter(), module);
  app = served.app;
  const ask = async (query: string) => {
    const response = await fetch(`${served.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    });
    return (await response.json()) as { data: unknown; errors?: { message: string; extensions?: object }[] };
  };
  expect((await ask('{ flaky(id: 7) }')).data).toEqual({ flaky: 'graphql 7' });
  expect((await ask('{ limited }')).data).toEqual({ limited: 'ok' });
  const [error] = (await ask('{ limited }')).errors!;
  expect(error).toMatchObject({
    message: 'Too many requests',
    extensions: { code: 'OPERO_RATE_LIMIT_EXCEEDED' },
  });
});
