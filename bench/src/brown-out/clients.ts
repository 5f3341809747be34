import * as cockatiel from 'cockatiel';
import { Injectable } from '@nestjs/common';
import { currentCall, Opero } from '../../../dist/index.js';

/** Asks the upstream once. */
export type Ask = (signal: AbortSignal) => Promise<string>;

/** All clients have 3 retries and 300 ms an attempt; all but the naive one the same limits besides. */
const TRY = 300;
const OPEN = 1_000;
const AT_A_TIME = 60;
const QUEUE = 300;
const TOTAL = 2_000;

/** A loop with a backoff and a timeout, as it is often written. */
export async function naive(ask: Ask): Promise<string> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await ask(AbortSignal.timeout(TRY));
    } catch (error) {
      if (attempt === 3) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 100 * 2 ** attempt));
    }
  }
}

const refusals = [cockatiel.BulkheadRejectedError, cockatiel.BrokenCircuitError];

/** As its documentation has it, handling all errors. */
export const cockatielAsDocumented = () => withCockatiel(cockatiel.handleAll);

/** With its own refusals taken out by hand: as here, they are neither failures nor worth a retry. */
export const cockatielByHand = () =>
  withCockatiel(cockatiel.handleWhen((error) => !refusals.some((refusal) => error instanceof refusal)));

function withCockatiel(failures: cockatiel.Policy): (ask: Ask) => Promise<string> {
  const policy = cockatiel.wrap(
    cockatiel.timeout(TOTAL, cockatiel.TimeoutStrategy.Aggressive),
    cockatiel.retry(failures, { maxAttempts: 3, backoff: new cockatiel.ExponentialBackoff() }),
    cockatiel.circuitBreaker(failures, {
      halfOpenAfter: OPEN,
      breaker: new cockatiel.CountBreaker({ threshold: 0.5, size: 20, minimumNumberOfCalls: 10 }),
    }),
    cockatiel.bulkhead(AT_A_TIME, QUEUE),
    cockatiel.timeout(TRY, cockatiel.TimeoutStrategy.Aggressive),
  );
  return (ask) => policy.execute(({ signal }) => ask(signal));
}

@Injectable()
export class Upstream {
  @Opero({
    retry: 3,
    timeout: { attempt: TRY, total: TOTAL },
    circuitBreaker: { openDuration: OPEN },
    bulkhead: { concurrency: AT_A_TIME, queue: QUEUE },
  })
  ask(ask: Ask): Promise<string> {
    return ask(currentCall().signal);
  }
}
