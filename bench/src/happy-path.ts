import * as cockatiel from 'cockatiel';
import CircuitBreaker from 'opossum';
import pRetry from 'p-retry';
import { of } from 'rxjs';
import { measure } from './measure.js';
import type { Service } from './services.js';
import * as resilience from '../nest-10/index.js';
import { ratioTable } from './table.js';

const MOST_AT_A_TIME = 100;
let running = 0;
let failuresInARow = 0;

/** fallback + retry + circuit breaker + bulkhead + timeout, as somebody would write them by hand into one function. */
async function byHand(service: Service, id: number): Promise<number> {
  for (let attempt = 0; ; attempt++) {
    let timer: NodeJS.Timeout | undefined;
    if (failuresInARow >= 10 || running >= MOST_AT_A_TIME) return -1;
    running++;
    try {
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error('timeout')), 5_000);
      });
      const answer = await Promise.race([service.bare(id), late]);
      failuresInARow = 0;
      return answer;
    } catch {
      failuresInARow++;
      if (attempt >= 3) return -1;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 100 * 1.5 ** attempt));
    } finally {
      running--;
      clearTimeout(timer);
    }
  }
}

async function loopByHand(service: Service, id: number): Promise<number> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await service.bare(id);
    } catch (error) {
      if (attempt >= 3) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 100 * 1.5 ** attempt));
    }
  }
}

/** cockatiel's policies for the same. */
function withCockatiel(service: Service) {
  const backoff = new cockatiel.ExponentialBackoff();
  const policy = cockatiel.wrap(
    cockatiel.fallback(cockatiel.handleAll, -1),
    cockatiel.retry(cockatiel.handleAll, { maxAttempts: 3, backoff }),
    cockatiel.circuitBreaker(cockatiel.handleAll, {
      halfOpenAfter: 30_000,
      breaker: new cockatiel.SamplingBreaker({ threshold: 0.5, duration: 10_000 }),
    }),
    cockatiel.bulkhead(MOST_AT_A_TIME),
    cockatiel.timeout(5_000, cockatiel.TimeoutStrategy.Aggressive),
  );
  return (id: number) => policy.execute(() => service.bare(id));
}

/** nestjs-resilience's decorator, applied by hand to a class of its own. */
function withNestjsResilience() {
  class Decorated {
    async method(id: number): Promise<number> {
      return id;
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(Decorated.prototype, 'method')!;
  const decorate = resilience.UseResilience(
    new resilience.TimeoutStrategy(5_000),
    new resilience.BulkheadStrategy({ maxConcurrent: MOST_AT_A_TIME, maxQueue: 1 }),
    new resilience.CircuitBreakerStrategy({ requestVolumeThreshold: 10 }),
    new resilience.RetryStrategy({ maxRetries: 3 }),
    new resilience.FallbackStrategy(() => of(-1)),
  ) as unknown as (target: object, key: string, descriptor: PropertyDescriptor) => PropertyDescriptor;
  Object.defineProperty(Decorated.prototype, 'method', decorate(Decorated.prototype, 'method', descriptor));
  const instance = new Decorated();
  return (id: number) => instance.method(id);
}

export async function happyPath(service: Service): Promise<string> {
  const breaker = new CircuitBreaker((id: number) => service.bare(id), {
    timeout: 5_000,
    capacity: MOST_AT_A_TIME,
  });
  breaker.fallback(() => -1);
  const cockatielCall = withCockatiel(service);
  const resilienceCall = withNestjsResilience();
  const stack = await measure(
    [
      { name: 'bare call', run: () => service.bare(1) },
      { name: 'by hand', run: () => byHand(service, 1) },
      { name: 'nestjs-opero', run: () => service.resilient(1) },
      { name: 'cockatiel', run: () => cockatielCall(1) },
      { name: 'opossum (no retry)', run: () => breaker.fire(1) },
      { name: 'nestjs-resilience', run: () => resilienceCall(1) },
    ],
    10_000,
  );
  const retry = await measure(
    [
      { name: 'bare call', run: () => service.bare(1) },
      { name: 'loop by hand', run: () => loopByHand(service, 1) },
      { name: 'nestjs-opero', run: () => service.retried(1) },
      { name: 'p-retry', run: () => pRetry(() => service.bare(1), { retries: 3 }) },
    ],
    10_000,
  );
  breaker.shutdown();
  return `${ratioTable('fallback + retry + breaker + bulkhead + timeout', stack)}\n${ratioTable('retry alone', retry)}`;
}
