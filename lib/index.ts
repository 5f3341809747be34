export { hours, minutes, seconds, seededRandom } from './core/time/index.js';
export {
  AllFailedError,
  AttemptTimeoutError,
  BulkheadFullError,
  CircuitOpenError,
  EvictionFailedError,
  failuresOf,
  isOperoError,
  OperoConfigurationError,
  OperoError,
  OperoShutdownError,
  permanent,
  RateLimitExceededError,
  RefusedError,
  TotalTimeoutError,
  UnacceptableResultError,
} from './core/errors/index.js';
export { currentCall, findCurrentCall } from './core/call/index.js';
export type { Clock, Random, Timer } from './core/time/index.js';
export type { AttemptFailure, OperoErrorCode } from './core/errors/index.js';
export type { OperationCounts, OperoEvent, OperoEventType, OperoListener } from './core/events/index.js';
export type { OperoCall } from './core/call/index.js';
export type {
  CacheStore,
  ErrorClass,
  ErrorCondition,
  ErrorConditions,
  PrincipalFunction,
  RequestContext,
  RetryBudgetOptions,
} from './core/strategy/index.js';
export type {
  ArgFallbackOptions,
  Backoff,
  BackoffFunction,
  BulkheadOptions,
  CacheOptions,
  CircuitBreakerOptions,
  CircuitSelection,
  CircuitStateName,
  CircuitWindow,
  FallbackFunction,
  FallbackOptions,
  FallbackTarget,
  HedgeOptions,
  HedgeQuantile,
  Jitter,
  OpenDuration,
  RateLimitOptions,
  RetryOptions,
  SingleFlightOptions,
  StrategyOptions,
  StrategySwitch,
  TimeoutOptions,
} from './strategies/index.js';
export { isItemError, isOk, OpAbortedError, OpItemError, OpSourceError } from './map/index.js';
export type {
  AnyIterable,
  OpItemFailure,
  OpItemResult,
  OpMapRunOptions,
  OpProgress,
  OpRun,
} from './map/index.js';
export type {
  OperationPlan,
  OperationSnapshot,
  OperoHooks,
  OperoOptions,
  OperoProfile,
  WorstCase,
} from './runtime/index.js';
export * from './nest/index.js';
