import * as v from 'valibot';
import {
  callback,
  duration,
  fields,
  flag,
  satisfying,
  wholeNumber,
  type Problem,
} from '../../core/options/index.js';
import {
  errorConditions,
  type ErrorConditions,
  type Target,
  type OperationFacts,
} from '../../core/strategy/index.js';

/** A delay that adapts to the measured latency. */
export interface HedgeQuantile {
  /**
   * The quantile of latencies used as the delay: greater than 0, less than 1. 0.95 hedges the slowest 5 percent.
   * Required.
   */
  readonly quantile: number;
  /**
   * Results needed before any call is hedged: a whole number from 1 to 128.
   * @default 20
   */
  readonly minimumCalls?: number;
}

/** Starts further attempts in parallel when one is slow. Only for methods that may run twice. */
export interface HedgeOptions {
  /**
   * Delay after which another attempt starts, in ms: greater than 0 and less than the timeout; or a quantile of the
   * last 128 latencies.
   * @default { quantile: 0.95 }
   */
  delay?: number | HedgeQuantile;
  /**
   * Attempts in parallel to the first: a whole number from 1 to 10.
   * @default 1
   */
  maxHedges?: number;
  /**
   * Declares that the method may run twice concurrently. The boot fails without this or `retry.idempotent`.
   * @default false
   */
  idempotent?: boolean;
  /**
   * Errors of an attempt after which another may start at once instead of after `delay`: classes, codes, statuses, or
   * a function. If the function throws, no attempt starts early.
   * @default errors that `retry` would retry, except those with a `Retry-After` and rejections by this library
   */
  on?: ErrorConditions;
  /**
   * Whether a result counts as a failure: another attempt may start at once, and the first acceptable result wins. If
   * no attempt gives one, the first such result is returned. If the function throws, the result is accepted.
   * @default every result is acceptable
   */
  failureOnResult?: (result: never) => boolean;
  /**
   * Whether hedges are paid from the operation's retry budget.
   * @default true
   */
  budget?: boolean;
}

const quantileFields = fields({
  quantile: satisfying<number>(
    (value) => typeof value === 'number' && value > 0 && value < 1,
    'a number between 0 and 1',
  ),
  minimumCalls: v.optional(wholeNumber(1, 128), 20),
});

export const hedgeSchema = fields({
  delay: v.optional(
    v.lazy((raw) => (typeof raw === 'object' && raw !== null ? quantileFields : duration())),
    { quantile: 0.95 },
  ),
  maxHedges: v.optional(wholeNumber(1, 10), 1),
  idempotent: v.optional(flag(), false),
  on: v.optional(errorConditions()),
  failureOnResult: v.optional(callback<(result: never) => boolean>()),
  budget: v.optional(flag(), true),
});

/** The options with their defaults. */
export type ResolvedHedge = Omit<v.InferOutput<typeof hedgeSchema>, 'delay'> & {
  readonly delay: number | Required<HedgeQuantile>;
};

export function validateHedge({ delay }: ResolvedHedge, target: Target, facts: OperationFacts): Problem[] {
  const problems: Problem[] = [];
  if (!facts.idempotent) {
    const message =
      'got a method that is not said to be idempotent, allowed: with hedge.idempotent or retry.idempotent true';
    problems.push({ path: '', message });
  }
  if (target.answers === 'direct' || target.answers === 'observable') {
    const kind = target.answers === 'direct' ? 'a synchronous method' : 'a method that returns an Observable';
    problems.push({ path: '', message: `got ${kind}, allowed: a method that returns a promise` });
  }
  const limit = Math.min(facts.attemptLimit, facts.totalLimit);
  if (typeof delay === 'number' && delay >= limit) {
    problems.push({
      path: 'delay',
      message: `got ${delay}, allowed: less than the timeout, which is ${limit}`,
    });
  }
  return problems;
}
