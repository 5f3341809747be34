import type { DeclaredEvent } from '../declarations/index.js';
import { show, unknownName } from '../options/option-checks.js';

/** What the pipeline itself tells of a call. Each strategy names further events in its definition. */
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
 * - `attempt-failure`: one attempt failed · `retry`: another attempt will follow after `delay`
 * - `retry-refusal`: no other attempt or hedge, because the retry budget is spent
 * - `hedge`: another attempt begins beside one that takes long · `hedge-win`: such an attempt answered first
 * - `alternative`: a fallback argument moves on to its next value
 * - `fallback`: the fallback answered · `timeout`: an attempt or total timeout struck
 * - `circuit-open`, `circuit-half-open`, `circuit-closed`, `circuit-isolated`, `circuit-refusal`: the life of a circuit
 *   breaker; in shadow mode a refusal is what would have been refused
 * - `rate-limit-wait`, `rate-limit-refusal`, `bulkhead-wait`, `bulkhead-refusal` · `abort`: the caller gave up
 * - `cache-hit`, `cache-miss`, `cache-stale` (served because the method failed), `cache-error` (the store failed),
 *   `cache-bypass` (the arguments cannot be a key) · `shared`: answered by an equal call already under way
 * - `callback-error`: a function of the options (a predicate, a backoff, a key) threw; the call went on without its answer
 *
 * Strategies of an app's own add theirs with {@link OperoStrategies}. Each occurrence is counted per operation.
 */
export type OperoEventType = (typeof pipelineEvents)[number] | DeclaredEvent;

/** What hooks and event listeners receive. It never holds arguments or results. */
export interface OperoEvent {
  readonly type: OperoEventType;
  /** The operation's name. */
  readonly operation: string;
  /** Which attempt, from 1; 0 when no attempt had begun. */
  readonly attempt: number;
  /** The position in each fallback argument, as `arg[1]#2`; empty without. */
  readonly alternative: string;
  /** Ms from the begin of the call. */
  readonly duration: number;
  /** Names the request or job this belongs to. */
  readonly correlationId: string;
  /** What went wrong, if anything. */
  readonly error?: unknown;
  /** Ms until the next attempt, or ms waited. */
  readonly delay?: number;
}

/** How often each thing happened since the operation was created. */
export type OperationCounts = Record<OperoEventType, number>;

/** A callback told what happened. What it returns, throws or rejects with changes nothing. */
export type OperoListener = (event: OperoEvent) => unknown;

/** Calls a listener so that nothing it does can harm the call it is told about. */
export function notify(listener: OperoListener, event: OperoEvent): void {
  try {
    const result = listener(event) as PromiseLike<unknown> | undefined;
    if (typeof result?.then === 'function') result.then(undefined, () => undefined);
  } catch {
    // A listener is told, not asked.
  }
}

/** The events of one runtime. */
export class OperoEvents {
  readonly #listeners = new Map<OperoEventType | '*', Set<OperoListener>>();

  /** `types` are all events there are. */
  constructor(readonly types: readonly OperoEventType[] = pipelineEvents) {}

  /**
   * Calls `listener` at every event of `type`, or at every event for `'*'`, in the async context of the call.
   * Returns the function that takes it back.
   *
   * @throws TypeError for an event that there is not, and for a listener that is no function
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

  /** @internal Whether anybody would be told. */
  wants(type: OperoEventType): boolean {
    return this.#listeners.size > 0 && (this.#listeners.has(type) || this.#listeners.has('*'));
  }

  /** @internal */
  publish(event: OperoEvent): void {
    for (const key of [event.type, '*'] as const) {
      // A copy: a listener that takes itself back and listens anew waits for the next event.
      for (const listener of [...(this.#listeners.get(key) ?? [])]) notify(listener, event);
    }
  }

  /** @internal */
  clear(): void {
    this.#listeners.clear();
  }
}
