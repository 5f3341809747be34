export type { ArgFallbackOptions } from './arg-fallback/index.js';
export type {
  AdaptiveBounds,
  BulkheadOptions,
  BulkheadSnapshot,
  Priority,
  PriorityFunction,
} from './bulkhead/index.js';
export { areTags, MemoryStore } from './cache/index.js';
export {
  circuitBreaker,
  type CircuitBreakerStrategy,
  type CircuitSelection,
  type CircuitSnapshot,
  type CircuitStateName,
} from './circuit-breaker/index.js';
export type { CircuitBreakerOptions, CircuitWindow, OpenDuration } from './circuit-breaker/index.js';
export type { CacheOptions, SingleFlightOptions } from './cache/index.js';
export type { FallbackFunction, FallbackOptions, FallbackTarget } from './fallback/index.js';
export type { HedgeOptions, HedgeQuantile } from './hedge/index.js';
export { order, type StrategyOptions, type StrategySwitch } from './order.js';
export type { RateLimitOptions } from './rate-limit/index.js';
export type { Backoff, BackoffFunction, Jitter, RetryOptions } from './retry/index.js';
export type { TimeoutOptions } from './timeout/index.js';
