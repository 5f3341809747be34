// Compiled, never run: each line under @ts-expect-error must be a mistake to the compiler.
import type { OperoOptions } from 'nestjs-opero';

export const tuned: OperoOptions = {
  retry: { enabled: false, retries: 5 },
  fallback: { enabled: false, value: 1 },
  argFallback: { enabled: false, on: RangeError },
  cache: { enabled: false, ttl: 5 },
  singleFlight: { enabled: false },
  rateLimit: { enabled: false, limit: 1 },
  circuitBreaker: { enabled: true },
  bulkhead: { enabled: false, concurrency: 1 },
  timeout: { enabled: false, total: 1 },
  hedge: { enabled: false, delay: 1 },
};

export const wrong: OperoOptions[] = [
  // @ts-expect-error true or false
  { retry: { enabled: 'no' } },
  // @ts-expect-error no such field
  { retry: { enable: false } },
];
