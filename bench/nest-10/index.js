import { Logger } from '@nestjs/common';

export {
  BulkheadStrategy,
  CircuitBreakerStrategy,
  FallbackStrategy,
  RetryStrategy,
  TimeoutStrategy,
  UseResilience,
} from 'nestjs-resilience';

// It logs every call.
Logger.overrideLogger(false);
