export type { CircuitControl } from './service/circuit-control.js';
export { FallbackArg, Opero, type OperoDecorator } from './decorators/decorators.js';
export type { OpMapOptions } from './metadata/map-metadata.js';
export { getMappedToken, InjectMapped } from './mapped/inject-mapped.js';
export {
  batched,
  mapped,
  type Batched,
  type BatchedMethod,
  type Mapped,
  type MappedMethod,
} from './mapped/mapped.js';
export type { OperoCacheOptions } from './options/cache-options.js';
export type { OperoModuleOptions } from './options/module-options.js';
export { OpMap, type OpMapDecorator } from './decorators/op-map.decorator.js';
export { OperoInterceptor } from './module/opero.interceptor.js';
export {
  OperoModule,
  type OperoModuleAsyncOptions,
  type OperoOptionsFactory,
} from './module/opero.module.js';
export type { EvictOptions, EvictTagsOptions } from './service/cache-control.js';
export { OperoService, type RunOptions } from './service/opero.service.js';
export { currentExecutionContext } from './edge/request-scope.js';
