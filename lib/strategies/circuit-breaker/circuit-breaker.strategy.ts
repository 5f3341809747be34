import {
  anyOf,
  CircuitOpenError,
  isAbort,
  isClientError,
  KeyedStates,
  RefusedError,
  retryAfterOf,
  withoutStack,
  type Attempt,
  type GateStrategy,
  type StrategyContext,
} from '../../core/index.js';
import type { ResolvedCircuitBreaker } from './circuit-breaker.options.js';
import { Circuit, REFUSED, type CircuitResult, type CircuitStateName } from './circuit.js';

/** A circuit, and the last failure it saw. */
interface Guarded {
  readonly circuit: Circuit;
  lastError: unknown;
  /** The try in which the circuit changes its state, to tell about it. */
  telling: Attempt | undefined;
}

/** The circuits of one breaker, for each key. */
export type Circuits = KeyedStates<Guarded>;

const events = { open: 'circuit-open', 'half-open': 'circuit-half-open', closed: 'circuit-closed' } as const;

export function createCircuits(options: ResolvedCircuitBreaker): Circuits {
  const make = (): Guarded => {
    const guarded: { -readonly [K in keyof Guarded]: Guarded[K] } = {
      circuit: new Circuit(options, (state: CircuitStateName) => {
        guarded.telling?.call.monitor.emit(events[state], guarded.telling.call, { error: guarded.lastError });
      }),
      lastError: undefined,
      telling: undefined,
    };
    return guarded;
  };
  return new KeyedStates(make, ({ circuit }) => circuit.inUse);
}

/** Stops calls to something that fails, and lets a few through after a while to see whether it is well again. */
export class CircuitBreakerStrategy implements GateStrategy {
  readonly kind = 'gate';
  readonly #isFailure: (error: unknown) => boolean;
  readonly #entered = new WeakMap<Attempt, Guarded>();

  constructor(
    private readonly options: ResolvedCircuitBreaker,
    private readonly circuits: Circuits,
    private readonly context: StrategyContext,
  ) {
    this.#isFailure = options.failureOn
      ? anyOf(options.failureOn)
      : (error) => !(error instanceof RefusedError) && !isAbort(error) && !isClientError(error);
  }

  /** The state of the circuit; of several, the one that lets the least through. */
  get state(): CircuitStateName {
    const states = new Set(
      [...this.circuits.values()].map(({ circuit }) => circuit.stateAt(this.context.clock.now())),
    );
    return states.has('open') ? 'open' : states.has('half-open') ? 'half-open' : 'closed';
  }

  enter(attempt: Attempt): number {
    const guarded = this.circuits.get(this.#key(attempt));
    guarded.telling = attempt;
    const now = this.context.clock.now();
    const epoch = guarded.circuit.enter(now);
    if (epoch !== REFUSED) {
      this.#entered.set(attempt, guarded);
      return epoch;
    }
    throw this.#refusal(attempt, guarded, guarded.circuit.retryAfter(now));
  }

  leave(attempt: Attempt, epoch: number, ok: boolean, outcome: unknown): void {
    const guarded = this.#entered.get(attempt);
    if (!guarded) return;
    guarded.telling = attempt;
    const now = this.context.clock.now();
    const result = this.#resultOf(attempt, now, ok, outcome);
    if (result?.failed) guarded.lastError = outcome;
    guarded.circuit.leave(epoch, now, result);
    guarded.telling = undefined;
  }

  /** What a try says about the other side: nothing, when it never got there or was given up by the caller. */
  #resultOf(attempt: Attempt, now: number, ok: boolean, outcome: unknown): CircuitResult | undefined {
    if (!attempt.invoked) return undefined;
    const { stopped } = attempt.call;
    if (!ok && stopped && !stopped.limit) return undefined;
    const slow = this.options.slowCall !== undefined && now - attempt.startedAt >= this.options.slowCall;
    if (ok) return { failed: false, slow, retryAfter: undefined };
    if (!this.#counts(outcome)) return undefined;
    return { failed: true, slow, retryAfter: retryAfterOf(outcome, this.context.clock) };
  }

  /** A condition of the user's that throws decides nothing: the error is a failure like any other. */
  #counts(error: unknown): boolean {
    try {
      return this.#isFailure(error);
    } catch {
      return true;
    }
  }

  /** Each alternative of a fallback argument has a circuit of its own: it is another provider. */
  #key({ call, alternative }: Attempt): string {
    const { key } = this.options;
    const own = key ? key(...(call.invocation.args as never[])) : '';
    return alternative ? `${own} ${alternative}` : own;
  }

  #refusal(attempt: Attempt, { lastError }: Guarded, retryAfter: number): CircuitOpenError {
    const { operation } = this.context;
    const cause = lastError === undefined ? undefined : { cause: lastError };
    const message = `${operation} is not called: it failed too often of late`;
    const error = withoutStack(() => new CircuitOpenError(message, operation, retryAfter, cause));
    this.context.monitor.emit('circuit-refusal', attempt.call, { error });
    return error;
  }
}
