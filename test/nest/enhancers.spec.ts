import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Catch,
  Controller,
  Get,
  Inject,
  Injectable,
  Module,
  Param,
  Scope,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type INestApplication,
  type MiddlewareConsumer,
  type NestInterceptor,
  type NestMiddleware,
  type NestModule,
  type PipeTransform,
} from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { Opero, OperoModule, OperoService } from '../../lib/index.js';
import { platforms, serve } from '../support/apps.js';

/** Every other attempt fails: only what is bound gets through. */
const attempts = new Map<string, number>();
const failOnce = (name: string) => {
  const number = (attempts.get(name) ?? 0) + 1;
  attempts.set(name, number);
  if (number % 2 === 1) throw new Error(`first attempt of ${name}`);
};
const retry = { retry: { retries: 1, minDelay: 0 } };

@Injectable()
class OnController implements CanActivate {
  @Opero(retry) async canActivate(): Promise<boolean> {
    failOnce('controller guard');
    return true;
  } // prettier-ignore
}

@Injectable({ scope: Scope.REQUEST })
class PerRequest implements CanActivate {
  constructor(@Inject(REQUEST) readonly request: object) {}
  @Opero(retry) async canActivate(): Promise<boolean> {
    failOnce('request guard');
    return this.request !== undefined;
  } // prettier-ignore
}

@Injectable()
class Pipe implements PipeTransform {
  @Opero(retry) async transform(value: unknown): Promise<unknown> {
    failOnce('pipe');
    return value;
  } // prettier-ignore
}

@Injectable()
class ParameterPipe extends Pipe {
  @Opero(retry) override async transform(value: unknown): Promise<unknown> {
    failOnce('parameter pipe');
    return value;
  } // prettier-ignore
}

@Injectable()
class Interceptor implements NestInterceptor {
  @Opero(retry) async load(): Promise<void> {
    failOnce('interceptor');
  } // prettier-ignore
  async intercept(_context: unknown, next: CallHandler) {
    await this.load();
    return next.handle();
  }
}

@Catch(RangeError)
class Filter implements ExceptionFilter {
  @Opero(retry) text(): string {
    failOnce('filter');
    return 'caught';
  } // prettier-ignore
  catch(_error: unknown, host: ArgumentsHost) {
    const response = host.switchToHttp().getResponse();
    response.send(this.text());
  }
}

@Injectable()
class Static implements NestMiddleware {
  @Opero(retry) async use(_request: unknown, _response: unknown, next: () => void): Promise<void> {
    failOnce('middleware');
    next();
  } // prettier-ignore
}

@Injectable({ scope: Scope.REQUEST })
class PerRequestMiddleware implements NestMiddleware {
  @Opero(retry) async load(): Promise<void> {
    failOnce('request middleware');
  } // prettier-ignore
  async use(_request: unknown, _response: unknown, next: () => void): Promise<void> {
    await this.load();
    next();
  }
}

@Controller()
@UseGuards(OnController)
class Routes {
  @Get('all/:id')
  @UseGuards(PerRequest)
  @UsePipes(Pipe)
  @UseInterceptors(Interceptor)
  all(@Param('id', ParameterPipe) id: string): string {
    return id;
  }

  @Get('fails')
  @UseFilters(Filter)
  fails(): string {
    throw new RangeError('for the filter');
  }
}

@Module({ imports: [OperoModule.forRoot()], controllers: [Routes], providers: [OnController] })
class App implements NestModule {
  configure(consumer: MiddlewareConsumer) {
    consumer.apply(Static, PerRequestMiddleware).forRoutes(Routes);
  }
}

describe.each(platforms)('what decorators and modules name by class, on %s', (_name, platform) => {
  let app: INestApplication;
  afterEach(async () => {
    await app.close();
    attempts.clear();
  });

  it('is bound: guards, pipes, interceptors and middleware, static and of one request [hard 3.5]', async () => {
    const served = await serve(platform, App);
    app = served.app;
    for (let request = 1; request <= 2; request++) {
      const response = await fetch(`${served.url}/all/7`);
      expect([response.status, await response.text()]).toEqual([200, '7']);
    }
    expect([...attempts].filter(([, number]) => number !== 4 && number !== 8)).toEqual([]);
    expect(attempts.size).toBe(7);
    const names = app
      .get(OperoService, { strict: false })
      .operations()
      .map(({ operation }) => operation);
    expect(names).toEqual(
      expect.arrayContaining(['OnController.canActivate', 'Static.use', 'PerRequestMiddleware.load']),
    );
  });

  it('is bound: filters [hard 3.5]', async () => {
    const served = await serve(platform, App);
    app = served.app;
    const response = await fetch(`${served.url}/fails`);
    expect(await response.text()).toBe('caught');
  });
});
