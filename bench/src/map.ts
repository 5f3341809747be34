import pMap, { pMapIterable } from 'p-map';
import { mapped } from '../../dist/index.js';
import type { Service } from './services.js';
import { ratioTable } from './table.js';

const ITEMS = 1_000_000;

function* items(): Generator<number> {
  for (let item = 0; item < ITEMS; item++) yield item;
}

/** A million items that need no time: what is left is the cost of the engine, and of the pipeline of each item. */
export async function mapMillion(
  service: Service,
  opero: { map: (work: (item: number) => unknown) => PromiseLike<unknown> },
) {
  const timed = async (name: string, work: () => unknown) => {
    globalThis.gc?.();
    const startedAt = process.hrtime.bigint();
    await work();
    return { name, nanoseconds: Number(process.hrtime.bigint() - startedAt) / ITEMS };
  };
  const bare = (item: number) => service.bare(item);
  const measurements = [
    await timed('p-map, 100 at a time', () => pMap(items(), bare, { concurrency: 100 })),
    await timed('nestjs-opero engine', () => opero.map(bare)),
    await timed('@OpMap, each item through the pipeline', () => mapped(service).mapped(items())),
    await timed('p-map, streamed', async () => {
      for await (const item of pMapIterable(items(), bare, { concurrency: 100 })) void item;
    }),
    await timed('@OpMap, streamed', async () => {
      for await (const result of mapped(service).mapped(items())) void result;
    }),
  ];
  return ratioTable('1e6 items', measurements);
}

/** How much more memory is held after a million calls. */
export async function heapGrowth(service: Service): Promise<string> {
  const used = () => {
    globalThis.gc?.();
    return process.memoryUsage().heapUsed;
  };
  for (let call = 0; call < 10_000; call++) await service.resilient(call);
  const before = used();
  for (let call = 0; call < 1_000_000; call++) await service.resilient(call);
  return `heap growth over 1e6 calls: ${((used() - before) / 2 ** 20).toFixed(2)} MB`;
}
