import type { DeclaredSnapshots, StrategySnapshot } from '../core/declarations/index.js';
import { typeNameOf } from '../core/errors/index.js';
import type { OperationCounts } from '../core/events/index.js';
import type { RunningOperation } from './operation-parts.js';

/** State and counts of an operation. Times are in ms. It contains no arguments, results or messages. */
export interface OperationSnapshot {
  readonly operation: string;
  /** `failing` while the last call failed, `idle` before the first one, else `healthy`. */
  readonly state: 'idle' | 'healthy' | 'failing';
  /** The enabled strategies, outermost first. */
  readonly order: readonly string[];
  /** The state of its strategies, by option, such as `circuitBreaker.state`; absent if none has a snapshot. */
  readonly strategies?: Readonly<Record<string, StrategySnapshot>> & DeclaredSnapshots;
  /** Calls running or waiting now. */
  readonly running: number;
  /** Failed calls since the last success. */
  readonly failureStreak: number;
  /** Ms since the last success; absent before the first. */
  readonly sinceLastSuccess?: number;
  /** Ms since the last failure; absent before the first. */
  readonly sinceLastFailure?: number;
  /** The class of the last error; absent before the first. */
  readonly lastError?: string;
  /** How often each event occurred. */
  readonly counts: Readonly<OperationCounts>;
}

export function snapshotOf({ monitor, order, created }: RunningOperation, now: number): OperationSnapshot {
  const { operation, running, failureStreak, lastSuccessAt, lastFailureAt, lastError, counts } = monitor;
  const used = lastSuccessAt > -Infinity || lastFailureAt > -Infinity;
  return {
    operation,
    state: failureStreak > 0 ? 'failing' : used ? 'healthy' : 'idle',
    order,
    ...strategySnapshots(created),
    running,
    failureStreak,
    ...(lastSuccessAt > -Infinity && { sinceLastSuccess: now - lastSuccessAt }),
    ...(lastFailureAt > -Infinity && { sinceLastFailure: now - lastFailureAt }),
    ...(lastFailureAt > -Infinity && { lastError: typeNameOf(lastError) }),
    counts: { ...counts },
  };
}

function strategySnapshots(created: RunningOperation['created']): Pick<OperationSnapshot, 'strategies'> {
  const withSnapshot = created.filter(({ definition }) => definition.snapshot);
  if (withSnapshot.length === 0) return {};
  const entries = withSnapshot.map(({ definition, strategy }) => [
    definition.option,
    definition.snapshot!(strategy),
  ]);
  return { strategies: Object.fromEntries(entries) as OperationSnapshot['strategies'] };
}
