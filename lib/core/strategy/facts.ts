/**
 * Properties of a strategy that others depend on, so that none knows another by name:
 * - `answers-failures`: a failed call may still have a result
 * - `shares-loads`: equal concurrent calls share one load
 * - `state-per-alternative`: it keeps a state for each value of a fallback argument
 */
export type StrategyTrait = 'answers-failures' | 'shares-loads' | 'state-per-alternative';

/** What the options of one strategy mean for a call. Other strategies are validated against it, and `describe()` computes the worst case. */
export interface StrategyFacts {
  /** Whether the method may run more than once. */
  readonly idempotent?: boolean;
  /** Time limit of one attempt, in ms. */
  readonly attemptLimit?: number;
  /** Time limit of the call, in ms. */
  readonly totalLimit?: number;
  /** Attempts after the first. */
  readonly retries?: number;
  /** Longest total delay between attempts, in ms. */
  readonly pauses?: number;
  /** Alternatives that each attempt may try. */
  readonly alternatives?: number;
  /** Attempts that may start in parallel to one. */
  readonly hedges?: number;
  /** Delay of each of them, in ms; the time limit of an attempt if unknown. */
  readonly hedgeDelay?: number;
  /** Longest wait before the method starts, in ms. */
  readonly wait?: number;
}

const NUMBERS: readonly string[] = [
  'attemptLimit',
  'totalLimit',
  'retries',
  'pauses',
  'alternatives',
  'hedges',
  'hedgeDelay',
  'wait',
] satisfies (keyof StrategyFacts)[];

/** Whether `value` has facts alone: numbers that are not negative, and `idempotent`. */
export const areFacts = (value: object): boolean =>
  Object.entries(value).every(([name, fact]) =>
    name === 'idempotent'
      ? ['boolean', 'undefined'].includes(typeof fact)
      : NUMBERS.includes(name) && (fact === undefined || (typeof fact === 'number' && fact >= 0)),
  );

/** The facts of all strategies of an operation together. */
export type OperationFacts = Required<StrategyFacts>;

/** Combines the facts of strategies. */
export function combineFacts(all: readonly StrategyFacts[]): OperationFacts {
  const facts = (of: keyof StrategyFacts, otherwise: number): number[] =>
    all.map((one) => (one[of] as number | undefined) ?? otherwise);
  return {
    idempotent: all.some(({ idempotent }) => idempotent),
    attemptLimit: Math.min(Infinity, ...facts('attemptLimit', Infinity)),
    totalLimit: Math.min(Infinity, ...facts('totalLimit', Infinity)),
    retries: sum(facts('retries', 0)),
    pauses: sum(facts('pauses', 0)),
    alternatives: facts('alternatives', 1).reduce((product, count) => product * count, 1),
    hedges: sum(facts('hedges', 0)),
    hedgeDelay: Math.min(Infinity, ...facts('hedgeDelay', Infinity)),
    wait: sum(facts('wait', 0)),
  };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
