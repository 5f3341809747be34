import { afterEach, expect, it } from '@jest/globals';
import { Injectable, Module, type ExecutionContext, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  Args,
  Context,
  Field,
  GqlExecutionContext,
  GraphQLModule,
  Info,
  Int,
  Mutation,
  ObjectType,
  Parent,
  Query,
  ResolveField,
  ResolveReference,
  Resolver,
} from '@nestjs/graphql';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { ExpressAdapter } from '@nestjs/platform-express';
import {
  currentExecutionContext,
  Opero,
  OperoModule,
  type OperoConfigurationError,
} from '../../lib/index.js';
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

@ObjectType()
class User {
  @Field()
  id!: string;
  @Field()
  secret!: string;
}

/** The user of a GraphQL request, told by an API key. */
const principal = (context: ExecutionContext): string | undefined =>
  GqlExecutionContext.create(context).getContext<{ req: { headers: Record<string, string> } }>().req.headers[
    'x-api-key'
  ];

const cached = { cache: { ttl: 60_000, key: () => 'same for all', principal } };

@Resolver(() => User)
class Users {
  @Query(() => User)
  @Opero({ cache: { ttl: 60_000, principal } })
  async me(): Promise<User> {
    return { id: principal(currentExecutionContext()!)!, secret: '' };
  }

  @ResolveField(() => String)
  @Opero(cached)
  async secret(@Parent() user: User): Promise<string> {
    return `secret of ${user.id} ${++calls.flaky}`;
  }
}

it.each([
  ['with', ['interceptors'] as const, ['secret of alice 1', 'secret of bob 2', 'secret of alice 1']],
  ['without', [] as const, ['secret of alice 1', 'secret of bob 2', 'secret of alice 3']],
])(
  'keeps the users of resolvers and field resolvers apart, %s interceptors for fields [hard 2.2]',
  async (_what, fieldResolverEnhancers, secrets) => {
    calls.flaky = 0;
    const driver = GraphQLModule.forRoot<ApolloDriverConfig>({
      driver: ApolloDriver,
      autoSchemaFile: true,
      fieldResolverEnhancers: [...fieldResolverEnhancers],
    });
    const served = await serve(
      () => new ExpressAdapter(),
      moduleWith({ imports: [driver], providers: [Users] }),
    );
    app = served.app;
    const me = async (user: string): Promise<unknown> => {
      const response = await fetch(`${served.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-api-key': user },
        body: JSON.stringify({ query: '{ me { id secret } }' }),
      });
      return ((await response.json()) as { data: { me: unknown } }).data.me;
    };
    const answers = [await me('alice'), await me('bob'), await me('alice')];
    expect(answers).toEqual([
      { id: 'alice', secret: secrets[0] },
      { id: 'bob', secret: secrets[1] },
      { id: 'alice', secret: secrets[2] },
    ]);
  },
);

it('refuses cached resolvers of each kind that do not say whose their answers are [hard 2.2]', async () => {
  const unsaid = { cache: 60_000 };
  @Resolver(() => User)
  class Unsaid {
    @Query(() => User) @Opero(unsaid) async query(): Promise<User | null> { return null; } // prettier-ignore
    @Mutation(() => User) @Opero(unsaid) async mutation(): Promise<User | null> { return null; } // prettier-ignore
    @ResolveField(() => String) @Opero(unsaid) async secret(): Promise<string> { return ''; } // prettier-ignore
    @ResolveReference() @Opero(unsaid) async reference(): Promise<User | null> { return null; } // prettier-ignore
  }
  @Module({ imports: [OperoModule.forRoot()], providers: [Unsaid] })
  class App {}
  const error: OperoConfigurationError = await NestFactory.createApplicationContext(App, {
    logger: false,
    abortOnError: false,
  }).then(
    () => Promise.reject(new Error('it booted')),
    (thrown) => thrown,
  );
  expect(error.problems.map((line) => line.slice(0, line.indexOf(':'))).sort()).toEqual([
    'Unsaid.mutation (App)',
    'Unsaid.query (App)',
    'Unsaid.reference (App)',
    'Unsaid.secret (App)',
  ]);
});

it('caches a resolver that gets the context or the info of its query: neither is a response [hard 3.10]', async () => {
  let loads = 0;
  @Resolver()
  class Rates {
    @Query(() => Int)
    @Opero({ cache: { key: () => 'all' }, fallback: { value: -1 } })
    async rate(@Context() _context: unknown, @Info() _info: unknown): Promise<number> {
      return ++loads;
    }
  }
  const driver = GraphQLModule.forRoot<ApolloDriverConfig>({ driver: ApolloDriver, autoSchemaFile: true });
  const module = moduleWith({ imports: [driver], providers: [Rates] });
  const served = await serve(() => new ExpressAdapter(), module);
  ({ app } = served);
  const ask = async (): Promise<unknown> => {
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ query: '{ rate }' });
    return (await fetch(`${served.url}/graphql`, { method: 'POST', headers, body })).json();
  };
  expect([await ask(), await ask()]).toEqual([{ data: { rate: 1 } }, { data: { rate: 1 } }]);
});
