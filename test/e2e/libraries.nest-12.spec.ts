import { expect, it } from '@jest/globals';
import { Body, Controller, Injectable, Post } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { EventEmitter2, EventEmitterModule, OnEvent } from '@nestjs/event-emitter';
import { Cron, ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import { ApiOkResponse, ApiProperty, DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { Opero, OperoService } from '../../lib/index.js';
import { moduleWith } from '../support/apps.js';

class Order {
  @ApiProperty()
  id!: number;
}

const retry = { retry: { retries: 1, minDelay: 0 } };

@Injectable()
class Jobs {
  calls = { cron: 0, event: 0 };

  @Cron('0 0 1 1 *', { name: 'yearly' })
  @Opero(retry)
  async cron(): Promise<void> {
    if (++this.calls.cron === 1) throw new Error('first attempt');
  }

  @Opero(retry)
  @OnEvent('ordered')
  async event(): Promise<void> {
    if (++this.calls.event === 1) throw new Error('first attempt');
  }
}

@Controller()
class Orders {
  @Post()
  @ApiOkResponse({ type: Order })
  @Opero(retry)
  async create(@Body() order: Order): Promise<Order> {
    return order;
  }
}

it('works together with cron jobs, event handlers and the OpenAPI document [peers 16] [peers 17]', async () => {
  const imports = [ScheduleModule.forRoot(), EventEmitterModule.forRoot()];
  const module = moduleWith({ imports, providers: [Jobs], controllers: [Orders] });
  const app = (await Test.createTestingModule({ imports: [module] }).compile()).createNestApplication({
    logger: false,
  });
  await app.init();

  await app.get(SchedulerRegistry).getCronJob('yearly').fireOnTick();
  await app.get(EventEmitter2).emitAsync('ordered');
  expect(app.get(Jobs).calls).toEqual({ cron: 2, event: 2 });
  const counts = app
    .get(OperoService)
    .operations()
    .map(({ counts: { success, retry: retries } }) => [success, retries]);
  expect(counts.slice(0, 2)).toEqual([
    [1, 1],
    [1, 1],
  ]);

  const document = SwaggerModule.createDocument(app, new DocumentBuilder().build());
  const { requestBody, responses } = document.paths['/']!.post!;
  expect(JSON.stringify(requestBody)).toContain('#/components/schemas/Order');
  expect(JSON.stringify(responses)).toContain('#/components/schemas/Order');
  await app.close();
});
