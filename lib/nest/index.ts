export type { CircuitControl } from './circuit-control.js';
export { FallbackArg, Opero, type OperoDecorator } from './decorators.js';
export type { OpMapOptions } from './map-metadata.js';
export { getMappedToken, InjectMapped } from './inject-mapped.js';
export {
  batched,
  mapped,
  type Batched,
  type BatchedMethod,
  type Mapped,
  type MappedMethod,
} from './mapped.js';
export type { OperoCacheOptions, OperoModuleOptions } from './module-options.js';
export { OpMap, type OpMapDecorator } from './op-map.decorator.js';
export { OperoInterceptor } from './opero.interceptor.js';
export { OperoModule, type OperoModuleAsyncOptions, type OperoOptionsFactory } from './opero.module.js';
export type { EvictOptions } from './cache-control.js';
export { OperoService, type RunOptions } from './opero.service.js';
export { currentExecutionContext } from './request-scope.js';
