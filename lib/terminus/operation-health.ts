import type { OperationSnapshot } from '../runtime/index.js';

/** Options of one health check. */
export interface OperoHealthOptions {
  /**
   * Names of the operations to check.
   * @default all operations
   */
  operations?: readonly string[];
  /**
   * Age of the last success from which an operation is stale, if it has failed since, in ms: greater than 0.
   * @default no operation becomes stale
   */
  maxAge?: number;
  /**
   * Failed calls in a row from which an operation is failing: a whole number, 1 or more.
   * @default 3
   */
  maxFailures?: number;
  /**
   * Operations that make the indicator `down` when they fail: `true` for all, or names. All others are reported as
   * degraded. A probe should not fail for a dependency that all instances share: that would take all of them out of
   * service.
   * @default false (none)
   */
  critical?: boolean | readonly string[];
}

/** The health of one operation. Contains no messages, arguments or keys, because a health page may be public. */
export interface OperationHealth {
  readonly state: 'healthy' | 'failing' | 'stale' | 'open' | 'idle';
  readonly failureStreak: number;
  readonly sinceLastSuccess?: number;
  readonly sinceLastFailure?: number;
  readonly lastError?: string;
  /** The limit that an adaptive bulkhead has found, of several the lowest. */
  readonly limit?: number;
  readonly critical?: true;
}

/** The health of all checked operations. */
export interface HealthJudgement {
  readonly status: 'up' | 'degraded' | 'down';
  readonly details: Record<string, OperationHealth>;
}

const DEFAULT_MAX_FAILURES = 3;

/** Computes the health from snapshots. An operation that was never called is idle, which counts as healthy. */
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
    ...limitOf(snapshot),
    ...(isCritical(snapshot.operation, options) && { critical: true as const }),
  };
}

function limitOf({ strategies = {} }: OperationSnapshot): Pick<OperationHealth, 'limit'> {
  const limits = Object.values(strategies).flatMap((strategy) => strategy?.limit ?? []);
  return limits.length > 0 ? { limit: Math.min(...limits) } : {};
}

function stateOf(snapshot: OperationSnapshot, options: OperoHealthOptions): OperationHealth['state'] {
  const { failureStreak, sinceLastSuccess = -Infinity, sinceLastFailure = Infinity } = snapshot;
  // Half-open is not reported as open: the results of the permitted calls decide.
  if (Object.values(snapshot.strategies ?? {}).some((strategy) => strategy?.rejecting)) return 'open';
  if (snapshot.state === 'idle') return 'idle';
  if (failureStreak >= (options.maxFailures ?? DEFAULT_MAX_FAILURES)) return 'failing';
  // Without calls since, an old success does not make the operation stale. Without any success there is no age: then
  // only `maxFailures` counts.
  const stale = sinceLastSuccess > (options.maxAge ?? Infinity) && sinceLastFailure < sinceLastSuccess;
  return stale ? 'stale' : 'healthy';
}

const isCritical = (operation: string, { critical = false }: OperoHealthOptions): boolean =>
  typeof critical === 'boolean' ? critical : critical.includes(operation);
