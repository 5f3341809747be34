import * as v from 'valibot';
import { fields, numberFrom, text, wholeNumber } from './checks.js';
import type { CreateContext } from './definition.js';

/**
 * How many tries beyond the first may be made, over all calls: light traffic never meets the budget, and when
 * everything fails it keeps the load on the other side near that of the first tries.
 * Source: the standard retry mode of the AWS SDKs, https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
 */
export interface RetryBudgetOptions {
  /** Tokens there are at most, and at first. Default 500, or what the retries of one call can cost if that is more. */
  tokens?: number;
  /** What a retry or a hedge costs. A retry that succeeds gives it back. Default 5. */
  cost?: number;
  /** What a retry after a timeout costs. Default 10. */
  timeoutCost?: number;
  /** Tokens that come back each second by themselves. A call that succeeds at once gives 1 besides. Default 1. */
  refill?: number;
  /** One budget for all methods that use this name; their settings must be equal. */
  name?: string;
}

const budgetFields = fields({
  tokens: v.optional(wholeNumber(1, 1_000_000)),
  cost: v.optional(wholeNumber(1), 5),
  timeoutCost: v.optional(wholeNumber(1), 10),
  refill: v.optional(numberFrom(0), 1),
  name: v.optional(text()),
});

/** Checks what is written for a budget: `true`, `false`, or its fields. */
export const budgetSchema = v.lazy((raw) =>
  typeof raw === 'object' ? budgetFields : v.boolean('true, false, or an object with tokens'),
);

/** The options with their defaults. */
export type ResolvedBudget = v.InferOutput<typeof budgetFields>;

/** A bucket of tokens. Pure: time is an argument. */
export class RetryBudget {
  #tokens: number;
  #filledAt = -Infinity;

  constructor(
    readonly capacity: number,
    private readonly refill: number,
  ) {
    this.#tokens = capacity;
  }

  /** How many tokens there are. */
  tokensAt(now: number): number {
    if (this.#tokens === this.capacity) this.#filledAt = now;
    const passed = Math.max(0, now - this.#filledAt);
    this.#filledAt = now;
    this.#tokens = Math.min(this.capacity, this.#tokens + (passed / 1_000) * this.refill);
    return this.#tokens;
  }

  /** Takes `cost` tokens, all or none. */
  take(cost: number, now: number): boolean {
    if (this.tokensAt(now) < cost) return false;
    this.#tokens -= cost;
    return true;
  }

  give(tokens: number): void {
    this.#tokens = Math.min(this.capacity, this.#tokens + tokens);
  }
}

/** The budget of an operation, which its retries and hedges share; `undefined` if it has none. */
export function budgetOf(
  { own, shared }: CreateContext,
  raw: ResolvedBudget | boolean,
  retries: number,
): { readonly budget: RetryBudget; readonly costs: ResolvedBudget } | undefined {
  if (raw === false) return undefined;
  return own.once('retryBudget', () => {
    const costs = raw === true ? v.parse(budgetFields, {}) : raw;
    const capacity = costs.tokens ?? Math.max(500, retries * Math.max(costs.cost, costs.timeoutCost));
    const make = () => new RetryBudget(capacity, costs.refill);
    const budget = costs.name === undefined ? make() : shared.once(`retryBudget ${costs.name}`, make);
    return { budget, costs };
  });
}
