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
  withoutStack,
} from './core/errors/index.js';
export { DEFAULT_MAX_KEYS, KeyedStates } from './core/collections/index.js';
export * from './core/declarations/index.js';
export { checks } from './core/options/index.js';
export { defineStrategy } from './core/strategy/index.js';
export { currentCall, findCurrentCall, NoteKey, REFUSED } from './core/call/index.js';
export type { Clock, Random, Timer } from './core/time/index.js';
export type { AttemptFailure, OperoErrorCode } from './core/errors/index.js';
export type { OperationCounts, OperoEvent, OperoEventType, OperoListener } from './core/events/index.js';
export type {
  BeginStrategyWait,
  CallNotes,
  OperoCall,
  StrategyAttempt,
  StrategyCall,
} from './core/call/index.js';
export type { EventDetail, EventSource, StrategyMonitor } from './core/events/index.js';
export type { Problem } from './core/options/index.js';
export type {
  AroundStrategy,
  CacheStore,
  CreateContext,
  ErrorClass,
  ErrorCondition,
  ErrorConditions,
  GateStrategy,
  OperationFacts,
  PrincipalFunction,
  RecoverStrategy,
  RepeatStrategy,
  RequestContext,
  RetryBudgetOptions,
  Runner,
  SharedAnswers,
  SharedResources,
  Strategy,
  StrategyContext,
  StrategyDefinition,
  StrategyFacts,
  StrategyTrait,
  Target,
} from './core/strategy/index.js';
export type {
  AdaptiveBounds,
  ArgFallbackOptions,
  Backoff,
  BackoffFunction,
  BulkheadOptions,
  BulkheadSnapshot,
  CacheOptions,
  CircuitBreakerOptions,
  CircuitSelection,
  CircuitSnapshot,
  CircuitStateName,
  CircuitWindow,
  FallbackFunction,
  FallbackOptions,
  FallbackTarget,
  HedgeOptions,
  HedgeQuantile,
  Jitter,
  OpenDuration,
  Priority,
  PriorityFunction,
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
