import type { ResolvedCircuitBreaker } from './circuit-breaker.options.js';
import { createWindow, type ResultWindow } from './windows.js';

/** Where a circuit is. Fields that exist in one state only cannot be read in another. */
type State =
  | { readonly name: 'closed'; readonly window: ResultWindow }
  | { readonly name: 'open'; readonly until: number }
  | { readonly name: 'half-open'; readonly until: number; probes: number; results: number; failed: number };

export type CircuitStateName = State['name'];

/** What a call that was let through came to. */
export interface CircuitResult {
  readonly failed: boolean;
  readonly slow: boolean;
  /** Ms that a failure asked to wait. */
  readonly retryAfter: number | undefined;
}

/** Says that a call is not let through. */
export const REFUSED = -1;

/**
 * One circuit. Pure: time is an argument. Each state has a number, which every call that is let through carries: what
 * comes back from an earlier state changes nothing.
 */
export class Circuit {
  #state: State;
  #epoch = 0;
  #openings = 0;

  constructor(
    private readonly options: ResolvedCircuitBreaker,
    private readonly onChange: (state: CircuitStateName) => void = () => undefined,
  ) {
    this.#state = this.#closed();
  }

  get state(): CircuitStateName {
    return this.#state.name;
  }

  /** The state as the next call would find it: an open circuit whose time is over lets probes through. */
  stateAt(now: number): CircuitStateName {
    return this.#state.name === 'open' && now >= this.#state.until ? 'half-open' : this.#state.name;
  }

  /** Whether forgetting this circuit would let a call through that must not be. */
  get inUse(): boolean {
    return this.#state.name !== 'closed';
  }

  /** The number of the state that the call belongs to, or {@link REFUSED}. */
  enter(now: number): number {
    if (this.#state.name === 'open' && now >= this.#state.until) this.#halfOpen(now);
    // Probes that never end must not keep everybody out for ever.
    if (this.#state.name === 'half-open' && now >= this.#state.until) this.#open(now, undefined);
    if (this.#state.name === 'open') return REFUSED;
    if (this.#state.name === 'half-open') {
      if (this.#state.probes >= this.options.halfOpenCalls) return REFUSED;
      this.#state.probes++;
    }
    return this.#epoch;
  }

  /** In how many ms a refused call may be let through. */
  retryAfter(now: number): number {
    return this.#state.name === 'closed' ? 0 : Math.max(0, this.#state.until - now);
  }

  /** A call that was let through has ended. `undefined`: it says nothing about the other side. */
  leave(epoch: number, now: number, result: CircuitResult | undefined): void {
    if (epoch !== this.#epoch) return;
    if (this.#state.name === 'half-open') this.#judgeProbe(this.#state, now, result);
    else if (this.#state.name === 'closed' && result) this.#judge(this.#state.window, now, result);
  }

  #judge(window: ResultWindow, now: number, result: CircuitResult): void {
    window.add(now, result.failed, result.slow);
    const { calls, failed, slow } = window.totals(now);
    const { failureRate, slowCall, slowCallRate, minimumCalls } = this.options;
    if (this.options.window.type === 'consecutive') {
      if (failed >= this.options.window.size) this.#open(now, result);
      return;
    }
    // A window that holds fewer results than the minimum would never open.
    const enough =
      this.options.window.type === 'count' ? Math.min(minimumCalls, this.options.window.size) : minimumCalls;
    if (calls < enough) return;
    const tooManyFailed = failed > 0 && failed / calls >= failureRate;
    const tooManySlow = slowCall !== undefined && slow > 0 && slow / calls >= slowCallRate;
    if (tooManyFailed || tooManySlow) this.#open(now, result);
  }

  #judgeProbe(state: State & { name: 'half-open' }, now: number, result: CircuitResult | undefined): void {
    if (!result) {
      state.probes--;
      return;
    }
    state.results++;
    if (result.failed || result.slow) state.failed++;
    if (state.results < this.options.halfOpenCalls) return;
    if (state.failed > 0 && state.failed / state.results >= this.options.failureRate) this.#open(now, result);
    else this.#close();
  }

  #open(now: number, result: CircuitResult | undefined): void {
    this.#openings++;
    const { openDuration } = this.options;
    const opening = { openings: this.#openings, retryAfter: result?.retryAfter };
    const duration = typeof openDuration === 'function' ? openDuration(opening) : openDuration;
    this.#change({ name: 'open', until: now + duration });
  }

  #halfOpen(now: number): void {
    this.#change({
      name: 'half-open',
      until: now + this.options.halfOpenTimeout,
      probes: 0,
      results: 0,
      failed: 0,
    });
  }

  #close(): void {
    this.#openings = 0;
    this.#change(this.#closed());
  }

  #closed(): State {
    return { name: 'closed', window: createWindow(this.options.window) };
  }

  #change(state: State): void {
    this.#state = state;
    this.#epoch++;
    this.onChange(state.name);
  }
}
