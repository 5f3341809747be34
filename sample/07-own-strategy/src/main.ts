import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Opero, OperoModule, OperoService } from 'nestjs-opero';
import { quota } from './quota.strategy.js';

@Injectable()
class Reports {
  @Opero({ quota: 3, retry: 1 })
  async make(name: string): Promise<string> {
    return `the report on ${name}`;
  }
}

@Module({ imports: [OperoModule.forRoot({ strategies: [quota] })], providers: [Reports] })
class AppModule {}

const print = (text: string): void => void process.stdout.write(`${text}\n`);

const app = await NestFactory.createApplicationContext(AppModule, { logger: ['warn', 'error'] });
const [reports, opero] = [app.get(Reports), app.get(OperoService)];
opero.events.on('quota-refusal', ({ operation }) => print(`event: quota-refusal of ${operation}`));
print(`order: ${opero.describe(Reports, 'make').order.join(' > ')}`);
for (const name of ['sales', 'stock', 'staff', 'taxes']) {
  print(await reports.make(name).catch((error: Error) => `${error.name}: ${error.message}`));
}
const [snapshot] = opero.operations();
print(`snapshot: ${JSON.stringify(snapshot?.strategies)}, rejected: ${snapshot?.counts['quota-refusal']}`);
await app.close();
