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

/** What an event can add to what its source already tells. */
export interface EventDetail {
  readonly error?: unknown;
  readonly delay?: number;
}

/** Where an event comes from. */
export interface EventSource {
  readonly attempt: number;
  readonly alternative: string;
  readonly startedAt: number;
  readonly correlationId: string;
  /** Runs a callback so that it finds the call it is about. */
  within<R>(work: () => R): R;
}

/** What runs of one name have in common, whoever makes them. */
const SHARED = [
  'counts',
  'running',
  'failureStreak',
  'lastSuccessAt',
  'lastFailureAt',
  'lastError',
  'reported',
] as const;

/** What a strategy tells of the calls of its operation. */
export interface StrategyMonitor {
  /** The name of the operation. */
  readonly operation: string;
  /** Counts an event of the strategy's own, and tells the hooks and listeners that there are for it. */
  emit(type: OperoEventType, source: EventSource, detail?: EventDetail): void;
  /**
   * Reports a function of the options that threw or answered with what is not allowed: an event, and one log line for
   * each option. `consequence` says what the call does instead.
   */
  callbackFailed(option: string, consequence: string, source: EventSource, error: unknown): void;
}

/** The counts, the recent history and the hooks of one operation. */
export class Monitor implements StrategyMonitor {
  declare readonly counts: OperationCounts;
  /** Calls that are running or waiting. */
  running = 0;
  /** Failed calls since the last successful one. */
  failureStreak = 0;
  /** Monotonic time of the last success; -Infinity before the first. */
  lastSuccessAt = -Infinity;
  /** Monotonic time of the last failure; -Infinity before the first. */
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

  /** The same counts and history, with hooks of a run's own. */
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

  /** Counts an event and tells whoever listens. An event nobody listens to costs one increment. */
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
   * Reports a function of the options that threw or answered with what is not allowed: an event, and one log line for
   * each option. `consequence` says what the call does instead.
   */
  callbackFailed(option: string, consequence: string, source: EventSource, error: unknown): void {
    this.emit('callback-error', source, { error });
    if (this.reported.has(option)) return;
    this.reported.add(option);
    this.warn(`${option} failed, ${consequence}: ${describeError(error)}`);
  }
  /** @internal The options of which a failure was logged. */
  readonly reported = new Set<string>();

  /** Whether anybody would be told of an event. */
  hasListener(type: OperoEventType): boolean {
    return this.hooks[type] !== undefined || this.events.wants(type);
  }

  succeeded(source: EventSource, now: number): void {
    this.lastSuccessAt = now;
    this.failureStreak = 0;
    this.emit('success', source);
  }

  failed(source: EventSource, error: unknown, now: number): void {
    this.lastFailureAt = now;
    this.failureStreak++;
    this.lastError = error;
    this.emit('failure', source, { error });
  }
}
