import { createCache } from 'cache-manager';
import { measure } from './measure.js';
import type { Service } from './services.js';
import { ratioTable } from './table.js';

/** A hit in memory, with its key. */
export async function cacheHit(inProcess: Service, inNestCache: Service): Promise<string> {
  const cache = createCache();
  const measurements = await measure(
    [
      { name: 'bare call', run: () => inProcess.bare(1) },
      { name: 'nestjs-opero, in process', run: () => inProcess.cached(1) },
      { name: "nestjs-opero, Nest's cache", run: () => inNestCache.cached(1) },
      {
        name: 'cache-manager wrap',
        run: () => cache.wrap(`Service.cached:${JSON.stringify([1])}`, () => inProcess.bare(1)),
      },
    ],
    10_000,
  );
  return ratioTable('cache hit', measurements);
}
