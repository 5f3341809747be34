import 'reflect-metadata';
import { CacheModule } from '@nestjs/cache-manager';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { OperoModule, OperoService } from '../../dist/index.js';
import { adaptive, Adaptive } from './adaptive/index.js';
import { startUp } from './boot.js';
import { brownOut, Upstream } from './brown-out/index.js';
import { cacheHit } from './cache-hit.js';
import { openCircuit, waiters } from './containment.js';
import { happyPath } from './happy-path.js';
import { heapGrowth, mapMillion } from './map.js';
import { routes } from './routes.js';
import { Service } from './services.js';

@Module({ imports: [OperoModule.forRoot()], providers: [Service, Upstream, Adaptive] })
class AppModule {}

@Module({ imports: [OperoModule.forRoot(), CacheModule.register()], providers: [Service] })
class CachedModule {}

const print = (text: string) => process.stdout.write(`${text}\n`);

const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
const cached = await NestFactory.createApplicationContext(CachedModule, { logger: false });
const service = app.get(Service);

print(`Node ${process.version}. Medians of rounds taken in turn; compare ratios, not nanoseconds.\n`);
print(await happyPath(service));
print(await openCircuit(service));
print(await waiters(service));
print(await cacheHit(service, cached.get(Service)));
const millionth = function* () {
  for (let item = 0; item < 1_000_000; item++) yield item;
};
print(
  await mapMillion(service, {
    map: (work) => app.get(OperoService).map(millionth(), work, { workers: 100 }),
  }),
);
print(await routes());
print(startUp());
print(await heapGrowth(service));
print(`\n${await brownOut(app.get(Upstream))}`);
print(`\n${await adaptive(app.get(Adaptive))}`);
await app.close();
await cached.close();
