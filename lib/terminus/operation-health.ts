import type { OperationSnapshot } from '../runtime/index.js';

/** What is asked of the operations. */
export interface OperoHealthOptions {
  /** The operations that count, by name. Default: all. */
  operations?: readonly string[];
  /** Ms since the last success after which an operation counts as stale, if it was called since. Default: never. */
  maxAge?: number;
  /** Failed calls in a row from which an operation counts as failing. Default 3. */
  maxFailures?: number;
  /**
   * Operations that the app cannot do without: `true` for all, or names. Only these make the indicator `down`, and so
   * the probe fail; others are told as degraded. A probe should not fail for a dependency that all instances share:
   * it would take every one of them out of service. Default: none.
   */
  critical?: boolean | readonly string[];
}

/** How one operation is doing. No messages, arguments or keys: a health page may be public. */
export interface OperationHealth {
  readonly state: 'healthy' | 'failing' | 'stale' | 'open' | 'idle';
  readonly failureStreak: number;
  readonly sinceLastSuccess?: number;
  readonly sinceLastFailure?: number;
  readonly lastError?: string;
  readonly critical?: true;
}

/** The judgement over all operations. */
export interface HealthJudgement {
  readonly status: 'up' | 'degraded' | 'down';
  readonly details: Record<string, OperationHealth>;
}

const DEFAULT_MAX_FAILURES = 3;

/** Judges operations by their snapshots. An operation that was never called is idle, which is well. */
export function judge(snapshots: readonly OperationSnapshot[], options: OperoHealthOptions): HealthJudgement {
  const chosen = options.operations
    ? snapshots.filter(({ operation }) => options.operations!.includes(operation))
    : snapshots;
  const details: Record<string, OperationHealth> = {};
  let status: HealthJudgement['status'] = 'up';
  for (const snapshot of chosen) {
    const health = healthOf(snapshot, options);
    details[snapshot.operation] = health;
    if (health.state === 'healthy' || health.state === 'idle') continue;
    if (health.critical) status = 'down';
    else if (status === 'up') status = 'degraded';
  }
  return { status, details };
}

function healthOf(snapshot: OperationSnapshot, options: OperoHealthOptions): OperationHealth {
  const { failureStreak, sinceLastSuccess, sinceLastFailure, lastError } = snapshot;
  return {
    state: stateOf(snapshot, options),
    failureStreak,
    ...(sinceLastSuccess !== undefined && { sinceLastSuccess: Math.round(sinceLastSuccess) }),
    ...(sinceLastFailure !== undefined && { sinceLastFailure: Math.round(sinceLastFailure) }),
    ...(lastError !== undefined && { lastError }),
    ...(isCritical(snapshot.operation, options) && { critical: true as const }),
  };
}

function stateOf(snapshot: OperationSnapshot, options: OperoHealthOptions): OperationHealth['state'] {
  const { failureStreak, sinceLastSuccess = Infinity, sinceLastFailure = Infinity } = snapshot;
  if (Object.values(snapshot.strategies ?? {}).some((strategy) => strategy?.rejecting)) return 'open';
  if (snapshot.state === 'idle') return 'idle';
  if (failureStreak >= (options.maxFailures ?? DEFAULT_MAX_FAILURES)) return 'failing';
  // Without calls since, an old success says nothing against the operation.
  const stale = sinceLastSuccess > (options.maxAge ?? Infinity) && sinceLastFailure < sinceLastSuccess;
  return stale ? 'stale' : 'healthy';
}

const isCritical = (operation: string, { critical = false }: OperoHealthOptions): boolean =>
  typeof critical === 'boolean' ? critical : critical.includes(operation);
