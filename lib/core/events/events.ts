import type { DeclaredEvent } from '../declarations/index.js';
import { show, unknownName } from '../options/option-checks.js';

/** Events of the pipeline itself. Each strategy declares further events in its definition. */
export const pipelineEvents = [
  'success',
  'failure',
  'attempt-failure',
  'hedge',
  'hedge-win',
  'timeout',
  'abort',
  'callback-error',
] as const;

/**
 * - `success`, `failure`: the outcome of the call, after all attempts, before any fallback
 * - `attempt-failure`: an attempt failed · `retry`: another attempt follows after `delay`
 * - `retry-refusal`: no retry or hedge, because the retry budget is used up
 * - `hedge`: an attempt starts in parallel to a slow one · `hedge-win`: it succeeded first
 * - `alternative`: a fallback argument switches to its next value
 * - `fallback`: a fallback runs after a failure · `timeout`: an attempt or the call timed out
 * - `circuit-open`, `circuit-half-open`, `circuit-closed`, `circuit-isolated`: state transitions of a circuit breaker
 * - `circuit-refusal`: the circuit breaker rejected a call; in shadow mode, it would have rejected it
 * - `rate-limit-wait`, `bulkhead-wait`: an attempt waits for a permit
 * - `rate-limit-refusal`, `bulkhead-refusal`: an attempt was rejected
 * - `bulkhead-limit`: the concurrency of an adaptive bulkhead is `limit` from now on
 * - `abort`: the caller cancelled the call
 * - `cache-hit`, `cache-miss`: the cache had a result, or had none
 * - `cache-stale`: an expired result was served because the method failed · `cache-error`: the store failed
 * - `cache-refresh`: an expired result is refreshed in the background · `cache-refresh-failure`: that failed
 * - `cache-bypass`: the call ran uncached, because its arguments cannot be encoded as a key, for example
 * - `shared`: the call got the result of an equal concurrent call (single-flight)
 * - `callback-error`: a function in the options (a predicate, a backoff, a key) threw
 *
 * An app's own strategies declare theirs in {@link OperoStrategies}. Each event is counted per operation; see
 * {@link OperationCounts}.
 */
export type OperoEventType = (typeof pipelineEvents)[number] | DeclaredEvent;

/** The argument of hooks and event listeners. It never contains arguments or results of calls. */
export interface OperoEvent {
  readonly type: OperoEventType;
  /** Name of the operation. */
  readonly operation: string;
  /** Number of the attempt, from 1; 0 before the first attempt. */
  readonly attempt: number;
  /** The position in each fallback argument, such as `arg[1]#2`; empty without fallback arguments. */
  readonly alternative: string;
  /** Time since the start of the call, in ms. */
  readonly duration: number;
  /** Id of the request or job that made the call. */
  readonly correlationId: string;
  /** The error, for events of failures. */
  readonly error?: unknown;
  /** Delay before the next attempt, or time waited, in ms. */
  readonly delay?: number;
  /** What a limit has become, for `bulkhead-limit`. */
  readonly limit?: number;
}

/** How often each event occurred since the operation was created. */
export type OperationCounts = Record<OperoEventType, number>;

/** A callback for events. Its result and its errors are ignored. */
export type OperoListener = (event: OperoEvent) => unknown;

/** Calls a listener and ignores its errors and rejections. */
export function notify(listener: OperoListener, event: OperoEvent): void {
  try {
    const result = listener(event) as PromiseLike<unknown> | undefined;
    if (typeof result?.then === 'function') result.then(undefined, () => undefined);
  } catch {
    // An error of a listener must not affect the call.
  }
}

/** The event emitter of one app. */
export class OperoEvents {
  readonly #listeners = new Map<OperoEventType | '*', Set<OperoListener>>();

  /** `types` are all events there are. */
  constructor(readonly types: readonly OperoEventType[] = pipelineEvents) {}

  /**
   * Calls `listener` for every event of `type`, or for all events with `'*'`, in the async context of the call.
   * Returns a function that removes the listener.
   *
   * @throws TypeError for an unknown event, or a listener that is not a function
   * @example
   * const stop = opero.events.on('circuit-open', ({ operation }) => logger.warn(`${operation} is unavailable`));
   */
  on(type: OperoEventType | '*', listener: OperoListener): () => void {
    if (type !== '*' && !this.types.includes(type)) {
      throw new TypeError(`events.on(): type: ${unknownName(String(type), ['*', ...this.types])}`);
    }
    if (typeof listener !== 'function') {
      throw new TypeError(`events.on('${type}'): listener: got ${show(listener)}, allowed: a function`);
    }
    let listeners = this.#listeners.get(type);
    if (!listeners) this.#listeners.set(type, (listeners = new Set()));
    const own: OperoListener = (event) => listener(event);
    listeners.add(own);
    return () => {
      listeners.delete(own);
      if (listeners.size === 0 && this.#listeners.get(type) === listeners) this.#listeners.delete(type);
    };
  }

  /** @internal Whether there is a listener for `type`. */
  wants(type: OperoEventType): boolean {
    return this.#listeners.size > 0 && (this.#listeners.has(type) || this.#listeners.has('*'));
  }

  /** @internal */
  publish(event: OperoEvent): void {
    for (const key of [event.type, '*'] as const) {
      // Iterates over a copy: a listener that is removed and added again gets only the next event.
      for (const listener of [...(this.#listeners.get(key) ?? [])]) notify(listener, event);
    }
  }

  /** @internal */
  clear(): void {
    this.#listeners.clear();
  }
}
