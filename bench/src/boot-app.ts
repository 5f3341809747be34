// One process of the boot measurement: makes an app of 1,000 classes with 3 methods each, and tells what that took.
import 'reflect-metadata';
import { Injectable, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Opero, OperoModule } from '../../dist/index.js';

const CLASSES = 1_000;
const [, , kind] = process.argv;
const five = { retry: 3, timeout: 5_000, fallback: { value: '' }, circuitBreaker: true, bulkhead: 10 };

function makeClass(index: number): Type {
  class Service {
    async one(id: number): Promise<string> {
      return `${index} ${id}`;
    }
    async two(id: number): Promise<string> {
      return `${index} ${id}`;
    }
    async three(id: number): Promise<string> {
      return `${index} ${id}`;
    }
  }
  Object.defineProperty(Service, 'name', { value: `Service${index}` });
  Injectable()(Service);
  if (kind === 'decorated') {
    for (const method of ['one', 'two', 'three'] as const) {
      Opero(five)(Service.prototype, method, Object.getOwnPropertyDescriptor(Service.prototype, method)!);
    }
  }
  return Service;
}

const heap = (): number => {
  globalThis.gc!();
  globalThis.gc!();
  return process.memoryUsage().heapUsed;
};

const providers = Array.from({ length: CLASSES }, (_, index) => makeClass(index));
class AppModule {}
Module({ imports: kind === 'plain' ? [] : [OperoModule.forRoot()], providers })(AppModule);
const before = heap();
const start = performance.now();
const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
const took = performance.now() - start;
process.stdout.write(JSON.stringify({ took, bytes: heap() - before }));
await app.close();
