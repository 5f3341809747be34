import * as v from 'valibot';
import { OperoConfigurationError } from '../../core/errors/index.js';
import { linesOf, check, fields, text, type Problem } from '../../core/options/index.js';
import type { CircuitBreakerStrategy, CircuitSelection, CircuitStateName } from '../../strategies/index.js';

/**
 * Manual control of a circuit breaker. Every state transition is emitted to `onStateChange` and `events`.
 *
 * @example
 * const circuit = opero.circuit('Payments.charge');
 * if (circuit.state === 'open') circuit.close();
 */
export interface CircuitControl {
  /** The current state; of several circuits (keys, alternatives) the most restrictive one. */
  readonly state: CircuitStateName;
  /**
   * Rejects calls for `duration` ms (greater than 0), then becomes half-open.
   *
   * @param duration by default `circuitBreaker.openDuration`
   * @throws TypeError for an invalid duration
   * @example
   * circuit.open(minutes(5));
   */
  open(duration?: number): void;
  /**
   * Permits calls, with an empty window. Also ends an isolation.
   * @example
   * circuit.close();
   */
  close(): void;
  /**
   * Rejects calls until `close()` or `reset()` is called.
   * @example
   * circuit.isolate();
   */
  isolate(): void;
  /**
   * Closes all circuits and clears their results, growing open durations and last errors.
   * @example
   * circuit.reset();
   */
  reset(): void;
}

const selectionSchema = fields({ key: v.optional(text()) });

/** The control of all circuits of a breaker, or of one key. */
export function controlOf(breaker: CircuitBreakerStrategy, selection: CircuitSelection): CircuitControl {
  validate(breaker, selection);
  return {
    get state() {
      return breaker.state(selection);
    },
    open: (duration) => {
      if (duration !== undefined && !(duration > 0 && Number.isFinite(duration))) {
        throw new TypeError(`circuit().open(): got ${duration}, allowed: a duration in ms, greater than 0`);
      }
      breaker.open(selection, duration);
    },
    close: () => breaker.close(selection),
    isolate: () => breaker.isolate(selection),
    reset: () => breaker.reset(selection),
  };
}

/** Throws for a selection without effect. */
function validate(breaker: CircuitBreakerStrategy, selection: CircuitSelection): void {
  const problems: Problem[] = [];
  check(selectionSchema, selection, '', problems);
  if (problems.length === 0 && selection.key !== undefined && !breaker.keyed) {
    const message = `got '${selection.key}', allowed: none, since circuitBreaker.key is not used`;
    problems.push({ path: 'key', message });
  }
  if (problems.length === 0) return;
  throw new OperoConfigurationError(linesOf('circuit()', problems));
}
