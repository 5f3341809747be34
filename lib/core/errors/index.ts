export {
  AllFailedError,
  type AttemptFailure,
  describeError,
  failuresOf,
  typeNameOf,
  UnacceptableResultError,
} from './all-failed.js';
export {
  AttemptTimeoutError,
  BulkheadFullError,
  CircuitOpenError,
  EvictionFailedError,
  isOperoError,
  OperoConfigurationError,
  OperoError,
  type OperoErrorCode,
  OperoShutdownError,
  RateLimitExceededError,
  RefusedError,
  TotalTimeoutError,
  withoutStack,
} from './errors.js';
export { isAbort, isClientError, isOutage, isPermanent, isProgrammingError } from './error-classification.js';
export { isMarkedPermanent, permanent } from './permanent.js';
export { findInCauses } from './cause-chain.js';
export { retryAfterOf } from './retry-after.js';
