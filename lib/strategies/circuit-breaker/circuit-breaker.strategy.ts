import {
  CircuitOpenError,
  isAbort,
  isClientError,
  RefusedError,
  withoutStack,
} from '../../core/errors/index.js';
import type { EventSource } from '../../core/events/index.js';
import type { Attempt, REFUSED } from '../../core/call/index.js';
import {
  anyOf,
  ask,
  decided,
  StateKeys,
  type GateStrategy,
  type StrategyContext,
} from '../../core/strategy/index.js';
import type { ResolvedCircuitBreaker } from './circuit-breaker.options.js';
import type { Circuit, CircuitStateName, Period } from './circuit.js';
import type { Circuits, CircuitSelection } from './circuits.js';

const events = {
  open: 'circuit-open',
  'half-open': 'circuit-half-open',
  closed: 'circuit-closed',
  isolated: 'circuit-isolated',
} as const;

/** Represents a result that counts as a failure. It does not hold the result, which belongs to one caller. */
const resultError = (): Error =>
  withoutStack(() => new Error('the result counts as a failure (circuitBreaker.failureOnResult)'));

/**
 * Rejects calls to a failing dependency, and permits a few in the half-open state to test whether it has recovered.
 */
export class CircuitBreakerStrategy implements GateStrategy<Period | undefined> {
  readonly kind = 'gate';
  readonly #failureOn: ((error: unknown) => boolean) | undefined;
  readonly #keys: StateKeys;
  readonly #asks: boolean;

  constructor(
    private readonly options: ResolvedCircuitBreaker,
    private readonly circuits: Circuits,
    private readonly context: StrategyContext,
    /** Makes the circuits use this operation's own `openDuration` function. */
    private readonly useOwn?: () => void,
  ) {
    this.#asks = typeof options.openDuration === 'function';
    if (options.failureOn) this.#failureOn = anyOf(options.failureOn);
    this.#keys = new StateKeys('circuitBreaker.key', options.key, context.monitor);
  }

  /** The name under which methods share it, if any. */
  get name(): string | undefined {
    return this.options.name;
  }

  /** Whether there is a circuit per key. */
  get keyed(): boolean {
    return this.options.key !== undefined;
  }

  /** The number of circuits. */
  get keys(): number {
    return this.circuits.size;
  }

  /** Whether it only measures. */
  get shadow(): boolean {
    return this.options.shadow;
  }

  /** The state of the circuit; of several circuits, the most restrictive one. */
  state(selection?: CircuitSelection): CircuitStateName {
    return this.circuits.stateAt(this.context.clock.now(), selection);
  }

  enter(attempt: Attempt, now: number): Period | undefined | typeof REFUSED {
    const { call } = attempt;
    // In shadow mode every call is permitted.
    const own = this.options.shadow
      ? this.#keys.find(attempt, 'the call is not measured')
      : this.#keys.of(attempt);
    if (own === undefined) return undefined;
    // Each alternative of a fallback argument has its own circuit, because it is another provider.
    const circuit = this.circuits.of(own, call.alternativeKey, now);
    this.useOwn?.();
    const period = circuit.enter(now);
    this.#emitChanges(circuit, call);
    if (period) return period;
    if (!this.options.shadow) return attempt.refuse(this.#refusal(attempt, circuit, now));
    this.context.monitor.emit('circuit-refusal', call);
    return undefined;
  }

  leave(attempt: Attempt, period: Period | undefined, now: number, ok: boolean, outcome: unknown): void {
    if (!period) return;
    const { circuit } = period;
    const failed = ok ? this.#failsWith(attempt, outcome) : this.#isFailure(attempt, outcome);
    if (!ok && !failed) return circuit.release(period);
    const { slowCall } = this.options;
    this.useOwn?.();
    const slow = slowCall !== undefined && now - attempt.startedAt >= slowCall;
    const error = ok && failed ? resultError() : outcome;
    // `openDuration` may run now: it must find its call in the async context.
    if (this.#asks && (failed || slow))
      attempt.call.within(() => circuit.record(period, now, failed, slow, error));
    else circuit.record(period, now, failed, slow, error);
    this.#emitChanges(circuit, attempt.call);
  }

  open(selection: CircuitSelection, duration?: number): void {
    this.useOwn?.();
    this.circuits.open(this.context.clock.now(), duration, selection, this.#emitManually);
  }

  close(selection: CircuitSelection): void {
    this.circuits.close(this.context.clock.now(), selection, this.#emitManually);
  }

  isolate(selection: CircuitSelection): void {
    this.circuits.isolate(this.context.clock.now(), selection, this.#emitManually);
  }

  reset(selection: CircuitSelection): void {
    this.circuits.reset(this.context.clock.now(), selection, this.#emitManually);
  }

  /** False if the attempt never reached the downstream, was cancelled, or failed for a reason of this library. */
  #isFailure(attempt: Attempt, error: unknown): boolean {
    if (!attempt.invoked || attempt.givenUp) return false;
    const on = this.#failureOn;
    if (!on) return !(error instanceof RefusedError) && !isAbort(error) && !isClientError(error);
    const consequence = 'the error counts as a failure';
    return ask(attempt.call, 'circuitBreaker.failureOn', consequence, () => on(error), true);
  }

  #failsWith({ call, held }: Attempt, value: unknown): boolean {
    const { failureOnResult } = this.options;
    // Of a stream no value is known.
    if (!failureOnResult || held) return false;
    const test = () => decided(failureOnResult(value as never), 'circuitBreaker.failureOnResult');
    return ask(call, 'circuitBreaker.failureOnResult', 'the result counts as a success', test);
  }

  #emitChanges(circuit: Circuit, source: EventSource): void {
    const changes = circuit.takeChanges();
    if (!changes) return;
    for (const state of changes) {
      this.context.monitor.emit(events[state], source, { error: circuit.lastError });
    }
  }

  readonly #emitManually = (circuit: Circuit): void => {
    const startedAt = this.context.clock.now();
    const within = <R>(work: () => R): R => work();
    this.#emitChanges(circuit, { attempt: 0, alternative: '', correlationId: '', startedAt, within });
  };

  #refusal({ call }: Attempt, circuit: Circuit, now: number): CircuitOpenError {
    const { operation } = this.context;
    const cause = circuit.lastError === undefined ? undefined : { cause: circuit.lastError };
    const why =
      circuit.stateAt(now) === 'isolated'
        ? 'its circuit was isolated by hand'
        : 'it failed too often of late';
    const message = `${operation} is not called: ${why}`;
    const error = withoutStack(
      () => new CircuitOpenError(message, operation, circuit.retryAfter(now), cause),
    );
    this.context.monitor.emit('circuit-refusal', call, { error });
    return error;
  }
}
