import { isClientError } from '../errors/error-classification.js';
import { describeError } from '../errors/all-failed.js';
import type { Clock } from '../time/clock.js';
import {
  notify,
  type OperationCounts,
  type OperoEvent,
  type OperoEvents,
  type OperoEventType,
  type OperoListener,
} from './events.js';

/** Fields that an event adds to those of its source. */
export interface EventDetail {
  readonly error?: unknown;
  readonly delay?: number;
  readonly limit?: number;
}

/** The call that emits an event. */
export interface EventSource {
  readonly attempt: number;
  readonly alternative: string;
  readonly startedAt: number;
  readonly correlationId: string;
  /** Runs a callback in the async context of the call. */
  within<R>(work: () => R): R;
}

/** Fields shared by all runs with the same operation name. */
const SHARED = [
  'counts',
  'running',
  'failureStreak',
  'lastSuccessAt',
  'lastFailureAt',
  'lastError',
  'reported',
] as const;

/** Reports events of one operation for a strategy. */
export interface StrategyMonitor {
  /** Name of the operation. */
  readonly operation: string;
  /** Counts an event of the strategy, and calls the hooks and listeners of that event. */
  emit(type: OperoEventType, source: EventSource, detail?: EventDetail): void;
  /**
   * Reports a function in the options that threw or returned an invalid value: an event, and one log line per option.
   * `consequence` says how the call continues.
   */
  callbackFailed(option: string, consequence: string, source: EventSource, error: unknown): void;
}

/** Counts, recent history and hooks of one operation. */
export class Monitor implements StrategyMonitor {
  declare readonly counts: OperationCounts;
  /** Calls that are running or waiting. */
  running = 0;
  /** Failed calls since the last success. Client errors (4xx) do not count. */
  failureStreak = 0;
  /** Monotonic time of the last success, in ms; -Infinity before the first. */
  lastSuccessAt = -Infinity;
  /** Monotonic time of the last failure, in ms; -Infinity before the first. */
  lastFailureAt = -Infinity;
  lastError: unknown;

  constructor(
    readonly operation: string,
    private readonly clock: Clock,
    private readonly events: OperoEvents,
    private readonly hooks: Partial<Record<OperoEventType, OperoListener>>,
    private readonly warn: (message: string) => void = () => undefined,
  ) {
    this.counts = Object.fromEntries(events.types.map((type) => [type, 0])) as OperationCounts;
  }

  /** Returns a monitor with the same counts and history, and other hooks. */
  withHooks(hooks: Partial<Record<OperoEventType, OperoListener>>): Monitor {
    const own = new Monitor(this.operation, this.clock, this.events, hooks, this.warn);
    for (const field of SHARED) {
      Object.defineProperty(own, field, {
        get: () => this[field],
        set: (value) => {
          (this as Record<string, unknown>)[field] = value;
        },
      });
    }
    return own;
  }

  /** Counts an event and emits it. Without a listener this is one increment. */
  emit(type: OperoEventType, source: EventSource, detail?: EventDetail): void {
    this.counts[type]++;
    const hook = this.hooks[type];
    const published = this.events.wants(type);
    if (!hook && !published) return;
    const event: OperoEvent = {
      type,
      operation: this.operation,
      attempt: source.attempt,
      alternative: source.alternative,
      duration: this.clock.now() - source.startedAt,
      correlationId: source.correlationId,
      ...detail,
    };
    source.within(() => {
      if (hook) notify(hook, event);
      if (published) this.events.publish(event);
    });
  }

  /**
   * Reports a function in the options that threw or returned an invalid value: emits `callback-error`, and logs once
   * per option. `consequence` describes how the call continues.
   */
  callbackFailed(option: string, consequence: string, source: EventSource, error: unknown): void {
    this.emit('callback-error', source, { error });
    if (this.reported.has(option)) return;
    this.reported.add(option);
    this.warn(`${option} failed, ${consequence}: ${describeError(error)}`);
  }
  /** @internal The options for which a failure was logged. */
  readonly reported = new Set<string>();

  /** Whether there is a hook or a listener for `type`. */
  hasListener(type: OperoEventType): boolean {
    return this.hooks[type] !== undefined || this.events.wants(type);
  }

  succeeded(source: EventSource, now: number): void {
    this.lastSuccessAt = now;
    this.failureStreak = 0;
    this.emit('success', source);
  }

  failed(source: EventSource, error: unknown, now: number): void {
    // A client error does not count as a failure of the operation, as in the circuit breaker.
    if (!isClientError(error)) {
      this.lastFailureAt = now;
      this.failureStreak++;
      this.lastError = error;
    }
    this.emit('failure', source, { error });
  }
}
