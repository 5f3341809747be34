import * as v from 'valibot';
import { OperoConfigurationError } from '../../core/errors/index.js';
import { check, fields, text, type Problem } from '../../core/options/index.js';
import type { CircuitBreakerStrategy, CircuitSelection, CircuitStateName } from '../../strategies/index.js';

/** A circuit breaker in the hands of operations staff. Everything it does is told to `onStateChange` and `events`. */
export interface CircuitControl {
  /** Of several circuits (keys, alternatives) that of the one which lets the least through. */
  readonly state: CircuitStateName;
  /** Refuses calls for `duration` ms, by default as long as after too many failures; then lets probes through. */
  open(duration?: number): void;
  /** Lets calls through, with an empty window. Ends an isolation. */
  close(): void;
  /** Refuses calls until it is closed or reset by hand. */
  isolate(): void;
  /** As at the beginning: all circuits closed, every result, growing delay and last error forgotten. */
  reset(): void;
}

const selectionSchema = fields({ key: v.optional(text()) });

/** The control of the circuits of one breaker: all of them, or those of one key. */
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

/** A selection that selects nothing would be taken for done. */
function validate(breaker: CircuitBreakerStrategy, selection: CircuitSelection): void {
  const problems: Problem[] = [];
  check(selectionSchema, selection, '', problems);
  if (problems.length === 0 && selection.key !== undefined && !breaker.keyed) {
    const message = `got '${selection.key}', allowed: none, since circuitBreaker.key is not used`;
    problems.push({ path: 'key', message });
  }
  if (problems.length === 0) return;
  throw new OperoConfigurationError(problems.map(({ path, message }) => `circuit(): ${path}: ${message}`));
}
