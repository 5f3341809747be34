export { FallbackStrategy, RetryStrategy, TimeoutStrategy, UseResilience } from 'nestjs-resilience';
