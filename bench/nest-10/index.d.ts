export {
  BulkheadStrategy,
  CircuitBreakerStrategy,
  FallbackStrategy,
  RetryStrategy,
  TimeoutStrategy,
  UseResilience,
} from 'nestjs-resilience';
