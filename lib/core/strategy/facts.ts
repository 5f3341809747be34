/**
 * What a strategy does that others go by, so that none knows another by name:
 * - `answers-failures`: a call that fails may still be answered
 * - `shares-loads`: equal calls wait for one load
 * - `state-per-alternative`: it keeps a state for each value of a fallback argument
 */
export type StrategyTrait = 'answers-failures' | 'shares-loads' | 'state-per-alternative';

/** What the options of one strategy say of a call: what others check themselves against, and what a call can cost. */
export interface StrategyFacts {
  /** Whether the method may run more than once. */
  readonly idempotent?: boolean;
  /** Ms that one attempt may take. */
  readonly attemptLimit?: number;
  /** Ms that the call may take in all. */
  readonly totalLimit?: number;
  /** Attempts in turn beyond the first. */
  readonly retries?: number;
  /** Ms that all waits between attempts in turn take at most. */
  readonly pauses?: number;
  /** Alternatives that each attempt may go through. */
  readonly alternatives?: number;
  /** Attempts that may be begun beside one. */
  readonly hedges?: number;
  /** Ms until the next of them begins; as long as an attempt may take where that is not known. */
  readonly hedgeDelay?: number;
  /** Ms that an attempt may wait before the method begins. */
  readonly wait?: number;
}

/** What all strategies of an operation say together. */
export type OperationFacts = Required<StrategyFacts>;

/** Puts the facts of strategies together. */
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
