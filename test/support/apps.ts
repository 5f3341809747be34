import {
  Module,
  type HttpServer,
  type INestApplication,
  type ModuleMetadata,
  type Type,
} from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { OperoModule, type OperoModuleOptions } from '../../lib/index.js';

/** Both HTTP platforms, for `describe.each`. */
export const platforms: readonly (readonly [name: string, create: () => HttpServer])[] = [
  ['express', () => new ExpressAdapter()],
  ['fastify', () => new FastifyAdapter({ forceCloseConnections: true }) as never],
];

type Platform = () => HttpServer;

/** A module class with OperoModule and whatever else a test needs. */
export function moduleWith(metadata: ModuleMetadata, options?: OperoModuleOptions): Type {
  class TestModule {}
  Module({ ...metadata, imports: [OperoModule.forRoot(options), ...(metadata.imports ?? [])] })(TestModule);
  return TestModule;
}

/** A listening app, and its address. */
export async function serve(
  platform: Platform,
  module: Type,
): Promise<{ app: INestApplication; url: string }> {
  const reference = await Test.createTestingModule({ imports: [module] }).compile();
  const app = reference.createNestApplication(platform() as never, {
    logger: false,
    forceCloseConnections: true,
  });
  await app.listen(0, '127.0.0.1');
  return { app, url: await app.getUrl() };
}
