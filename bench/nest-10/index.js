import { Logger } from '@nestjs/common';

export { FallbackStrategy, RetryStrategy, TimeoutStrategy, UseResilience } from 'nestjs-resilience';

// It logs every call.
Logger.overrideLogger(false);
