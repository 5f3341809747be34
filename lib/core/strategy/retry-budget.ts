import * as v from 'valibot';
import { fields, numberFrom, text, wholeNumber, type Problem } from '../options/option-checks.js';
import type { CreateContext } from './definition.js';

/**
 * How many attempts beyond the first may be made, over all calls: light traffic never meets the budget, and when
 * everything fails it keeps the load on the other side near that of the first attempts.
 * Source: the standard retry mode of the AWS SDKs, https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
 */
export interface RetryBudgetOptions {
  /**
   * Tokens there are at most, and at first: enough for one retry, else the boot fails. Default 500, or what the retries of
   * one call of any method with this budget can cost if that is more.
   */
  tokens?: number;
  /**
   * What a retry or a hedge costs. A retry that succeeds gives it back, and so does a hedge that was not let through by a
   * circuit, a limit or a bulkhead. Default 5.
   */
  cost?: number;
  /** What a retry after a timeout costs. Default 10, and never more than there are tokens. */
  timeoutCost?: number;
  /** Tokens that come back each second by themselves. A call that succeeds at once gives 1 besides. Default 1. */
  refill?: number;
  /** One budget for all methods that use this name; their settings must be equal. */
  name?: string;
}

const budgetFields = fields({
  tokens: v.optional(wholeNumber(1, 1_000_000)),
  cost: v.optional(wholeNumber(1), 5),
  timeoutCost: v.optional(wholeNumber(1)),
  refill: v.optional(numberFrom(0), 1),
  name: v.optional(text()),
});

/** Checks what is written for a budget: `true`, `false`, or its fields. */
export const budgetSchema = v.lazy((raw) =>
  typeof raw === 'object' ? budgetFields : v.boolean('true, false, or an object with tokens'),
);

/** The options with their defaults. */
export type ResolvedBudget = v.InferOutput<typeof budgetFields>;

/** What attempts beyond the first cost. */
export interface BudgetCosts {
  readonly cost: number;
  readonly timeoutCost: number;
}

/** A bucket of tokens. Pure: time is an argument. */
export class RetryBudget {
  #tokens: number;
  #filledAt = -Infinity;

  constructor(
    public capacity: number,
    private readonly refill: number,
  ) {
    this.#tokens = capacity;
  }

  /** Raises the capacity to `capacity`, if it is less. */
  growTo(capacity: number): void {
    const more = Math.max(0, capacity - this.capacity);
    this.capacity += more;
    this.#tokens += more;
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

const DEFAULT_TIMEOUT_COST = 10;

/** Finds a budget out of which no retry could ever be paid. */
export function validateBudget(raw: ResolvedBudget | boolean): Problem[] {
  if (typeof raw === 'boolean' || raw.tokens === undefined) return [];
  const { tokens, cost, timeoutCost = 0 } = raw;
  if (tokens >= Math.max(cost, timeoutCost)) return [];
  const which =
    cost > tokens
      ? `a retry costs (cost), ${cost}`
      : `a retry after a timeout costs (timeoutCost), ${timeoutCost}`;
  return [{ path: 'budget.tokens', message: `got ${tokens}, allowed: at least what ${which}` }];
}

/** The budget of an operation, which its retries and hedges share; `undefined` if it has none. */
export function budgetOf(
  { own, shared }: CreateContext,
  raw: ResolvedBudget | boolean,
  retries: number,
): { readonly budget: RetryBudget; readonly costs: BudgetCosts } | undefined {
  if (raw === false) return undefined;
  return own.once('retryBudget', () => {
    const written = raw === true ? v.parse(budgetFields, {}) : raw;
    const { cost, timeoutCost = Math.min(DEFAULT_TIMEOUT_COST, written.tokens ?? Infinity) } = written;
    const capacity = written.tokens ?? Math.max(500, Math.max(1, retries) * Math.max(cost, timeoutCost));
    const make = () => new RetryBudget(capacity, written.refill);
    const budget = written.name === undefined ? make() : shared.once(`retryBudget ${written.name}`, make);
    // Methods that share a budget may retry a different number of times.
    if (written.tokens === undefined) budget.growTo(capacity);
    return { budget, costs: { cost, timeoutCost } };
  });
}

/** Whether `who` records successes in the budget: the first of the strategies that use it. */
export const feedsBudget = ({ together }: CreateContext, who: 'retry' | 'hedge'): boolean =>
  together.once('retryBudget feeder', () => who) === who;
