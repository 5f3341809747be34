import { AllFailedError, UnacceptableResultError } from '../errors/all-failed.js';
import type { Call } from '../call/call.js';
import { anyOf, ask, type ErrorConditions } from './conditions.js';
import type { CreateContext } from './definition.js';
import { findInCauses } from '../errors/cause-chain.js';
import { isPermanent } from '../errors/error-classification.js';
import { isMarkedPermanent } from '../errors/permanent.js';

/** Which failures of an operation are worth another attempt: its retries and hedges agree on it. */
export interface Retryability {
  /** Whether an attempt that ran and failed with `error` is worth another. */
  worth(call: Call, error: unknown): boolean;
  /** Whether the wait that an error asks for with `Retry-After` is kept. */
  readonly respectsRetryAfter: boolean;
}

/** What the options of `retry` say about it. */
interface RetryPart {
  readonly retryOn?: ErrorConditions | undefined;
  readonly respectRetryAfter?: boolean;
}

/** The classification of an operation. The first strategy that asks, `retry` if it is enabled, determines it. */
export const retryabilityOf = (
  { together }: Pick<CreateContext, 'together'>,
  options: RetryPart = {},
): Retryability => together.once('retryability', () => retryability(options));

function retryability({ retryOn, respectRetryAfter = true }: RetryPart): Retryability {
  const chosen = retryOn === undefined ? undefined : anyOf(retryOn);
  return {
    respectsRetryAfter: respectRetryAfter,
    worth(call, error) {
      if (isMarkedPermanent(error)) return false;
      if (error instanceof UnacceptableResultError) return true;
      if (!chosen) return !isPermanent(error) && spentBehind(call, error) === undefined;
      return ask(call, 'retry.retryOn', 'the error is not retried', () => chosen(error));
    },
  };
}

/** What of an error and its causes a nested call failed with after all its attempts; `undefined` if nothing. */
export const spentBehind = (call: Call, error: unknown): object | undefined =>
  findInCauses(error, (one) => (one instanceof AllFailedError || call.spent?.has(one) ? one : undefined));
