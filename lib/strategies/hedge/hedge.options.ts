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

/** A delay that follows how long answers take. */
export interface HedgeQuantile {
  /** The share of answers that are there by then: 0.95 hedges the slowest twentieth. */
  readonly quantile: number;
  /** Answers that must have been seen before any call is hedged. Default 20. */
  readonly minimumCalls?: number;
}

/** Further attempts beside one that takes long. Only for methods that may run twice. */
export interface HedgeOptions {
  /** Ms after which another attempt begins, or a quantile of the last 128 answers. Default `{ quantile: 0.95 }`. */
  delay?: number | HedgeQuantile;
  /** Attempts beside the first. Default 1. */
  maxHedges?: number;
  /** Says that the method may run twice at a time; `retry.idempotent` says it too. Without either the boot fails. */
  idempotent?: boolean;
  /**
   * After which errors of an attempt another may begin at once, instead of when `delay` is over: classes, codes, statuses, or a
   * function. Default: after those that `retry` would retry, unless they ask to wait with `Retry-After` or are refusals of
   * ours. One that throws counts as no.
   */
  on?: ErrorConditions;
  /**
   * Tells results that are no better than a failure: another attempt may begin at once, and the first better result wins.
   * Where there is none the first such result is the answer. One that throws counts as no.
   */
  failureOnResult?: (result: never) => boolean;
  /** Whether hedges come out of the operation's retry budget. Default true. */
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

export function proveHedge({ delay }: ResolvedHedge, target: Target, facts: OperationFacts): Problem[] {
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
