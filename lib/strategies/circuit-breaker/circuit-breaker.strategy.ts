import {
  anyOf,
  CircuitOpenError,
  isAbort,
  isClientError,
  RefusedError,
  withoutStack,
  type Attempt,
  type EventSource,
  type GateStrategy,
  type StrategyContext,
} from '../../core/index.js';
import type { ResolvedCircuitBreaker } from './circuit-breaker.options.js';
import type { Circuit, CircuitStateName, Period } from './circuit.js';
import type { Circuits, CircuitSelection } from './circuits.js';

const events = {
  open: 'circuit-open',
  'half-open': 'circuit-half-open',
  closed: 'circuit-closed',
  isolated: 'circuit-isolated',
} as const;

/** Stops calls to something that fails, and lets a few through after a while to see whether it is well again. */
export class CircuitBreakerStrategy implements GateStrategy {
  readonly kind = 'gate';
  readonly #isFailure: (error: unknown) => boolean;

  constructor(
    private readonly options: ResolvedCircuitBreaker,
    private readonly circuits: Circuits,
    private readonly context: StrategyContext,
    /** Makes the circuits open for as long as this operation's own function says. */
    private readonly useOwn?: () => void,
  ) {
    this.#isFailure = options.failureOn
      ? anyOf(options.failureOn)
      : (error) => !(error instanceof RefusedError) && !isAbort(error) && !isClientError(error);
  }

  /** The name it shares with other methods, if it has one. */
  get name(): string | undefined {
    return this.options.name;
  }

  /** Whether there is a circuit for each key. */
  get keyed(): boolean {
    return this.options.key !== undefined;
  }

  /** How many circuits there are. */
  get keys(): number {
    return this.circuits.size;
  }

  /** Whether it measures only. */
  get shadow(): boolean {
    return this.options.shadow;
  }

  /** The state of the circuit; of several, the one that lets the least through. */
  state(selection?: CircuitSelection): CircuitStateName {
    return this.circuits.stateAt(this.context.clock.now(), selection);
  }

  enter(attempt: Attempt, now: number): unknown {
    const { call } = attempt;
    const { key } = this.options;
    // Each alternative of a fallback argument has a circuit of its own: it is another provider.
    const own = key ? String(key(...(call.args as never[]))) : '';
    const circuit = this.circuits.of(own, attempt.alternative, now);
    this.useOwn?.();
    const period = circuit.enter(now);
    this.#tell(circuit, call);
    if (period) return period;
    if (!this.options.shadow) return attempt.refuse(this.#refusal(attempt, circuit, now));
    this.context.monitor.emit('circuit-refusal', call);
    return undefined;
  }

  leave(attempt: Attempt, period: Period | undefined, now: number, ok: boolean, outcome: unknown): void {
    if (!period) return;
    const { circuit } = period;
    if (this.#saysNothing(attempt, ok, outcome)) return circuit.release(period);
    const { slowCall } = this.options;
    this.useOwn?.();
    const slow = slowCall !== undefined && now - attempt.startedAt >= slowCall;
    circuit.record(period, now, !ok, slow, outcome);
    this.#tell(circuit, attempt.call);
  }

  open(selection: CircuitSelection, duration?: number): void {
    this.useOwn?.();
    this.circuits.open(this.context.clock.now(), duration, selection, this.#tellByHand);
  }

  close(selection: CircuitSelection): void {
    this.circuits.close(this.context.clock.now(), selection, this.#tellByHand);
  }

  isolate(selection: CircuitSelection): void {
    this.circuits.isolate(this.context.clock.now(), selection, this.#tellByHand);
  }

  reset(selection: CircuitSelection): void {
    this.circuits.reset(this.context.clock.now(), selection, this.#tellByHand);
  }

  /** A try that never got to the other side, was given up, or failed for a reason of its own. */
  #saysNothing(attempt: Attempt, ok: boolean, outcome: unknown): boolean {
    if (!attempt.invoked) return true;
    if (ok) return false;
    if (attempt.givenUp) return true;
    try {
      return !this.#isFailure(outcome);
    } catch {
      // A condition of the user's that throws decides nothing: the error is a failure like any other.
      return false;
    }
  }

  #tell(circuit: Circuit, source: EventSource): void {
    const changes = circuit.takeChanges();
    if (!changes) return;
    for (const state of changes) {
      this.context.monitor.emit(events[state], source, { error: circuit.lastError });
    }
  }

  readonly #tellByHand = (circuit: Circuit): void => {
    const startedAt = this.context.clock.now();
    const within = <R>(work: () => R): R => work();
    this.#tell(circuit, { attempt: 0, alternative: '', correlationId: '', startedAt, within });
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
