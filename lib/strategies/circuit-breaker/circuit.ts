import type { ResolvedCircuitBreaker } from './circuit-breaker.options.js';
import { createWindow, type ResultWindow } from './windows.js';

/** The options that a circuit goes by. */
export type CircuitSettings = Pick<
  ResolvedCircuitBreaker,
  | 'failureRate'
  | 'slowCall'
  | 'slowCallRate'
  | 'minimumCalls'
  | 'window'
  | 'halfOpenCalls'
  | 'halfOpenTimeout'
> & {
  /** Ms that the circuit stays open; `error` is the failure that opened it, if one did. */
  readonly openFor: (openings: number, error: unknown) => number;
};

/**
 * A stretch of a circuit's life in one state. A call that is let through carries the period in which it was: what
 * comes back when that period is over changes nothing. Fields of one state cannot be read in another.
 */
export type Period = { readonly circuit: Circuit } & (
  | { readonly name: 'closed'; readonly window: ResultWindow }
  | { readonly name: 'open'; readonly until: number }
  | { readonly name: 'half-open'; readonly until: number; probes: number; results: number; failed: number }
  | { readonly name: 'isolated' }
);

type HalfOpen = Period & { readonly name: 'half-open' };

export type CircuitStateName = Period['name'];

/** One circuit. Pure: time is an argument. */
export class Circuit {
  /** The last failure that counted. */
  lastError: unknown;
  #period: Period;
  #openings = 0;
  #changes: CircuitStateName[] | undefined;

  constructor(private readonly settings: CircuitSettings) {
    this.#period = this.#closed();
  }

  /** Whether it was taken out of service by hand. */
  get isolated(): boolean {
    return this.#period.name === 'isolated';
  }

  /** The state as the next call would find it. */
  stateAt(now: number): CircuitStateName {
    const { name } = this.#period;
    if (name !== 'open' && name !== 'half-open') return name;
    if (now < this.#period.until) return name;
    return name === 'open' ? 'half-open' : 'open';
  }

  /** The states it has gone through since the last time this was asked; `undefined` for none. */
  takeChanges(): readonly CircuitStateName[] | undefined {
    const changes = this.#changes;
    this.#changes = undefined;
    return changes;
  }

  /** The period that the call belongs to, or `undefined` when it is not let through. */
  enter(now: number): Period | undefined {
    let period = this.#follow(now);
    if (period.name === 'closed') return period;
    if (period.name === 'open' && now >= period.until) period = this.#halfOpen(now);
    if (period.name !== 'half-open' || period.probes >= this.settings.halfOpenCalls) return undefined;
    period.probes++;
    return period;
  }

  /** Time until a rejected call may be permitted, in ms; 0 if unknown, as while permitted calls of the half-open state run. */
  retryAfter(now: number): number {
    return this.#period.name === 'open' ? Math.max(0, this.#period.until - now) : 0;
  }

  /** Whether forgetting this circuit would let a call through that must not be. */
  inUseAt(now: number): boolean {
    const period = this.#period;
    return period.name === 'isolated' || ('until' in period && period.until > now);
  }

  /** A call that was let through has failed or not, and says something about the other side. */
  record(period: Period, now: number, failed: boolean, slow: boolean, error: unknown): void {
    if (period !== this.#period || period !== this.#follow(now)) return;
    if (failed) this.lastError = error;
    if (period.name === 'half-open') this.#judgeProbe(period, now, failed || slow, error);
    else if (period.name === 'closed') this.#judge(period.window, now, failed, slow, error);
  }

  /** A call that was let through has ended without saying anything about the other side. */
  release(period: Period): void {
    if (period === this.#period && period.name === 'half-open') period.probes--;
  }

  open(now: number, duration?: number): void {
    this.#open(now, undefined, duration);
  }

  close(): void {
    this.#openings = 0;
    this.#change(this.#closed());
  }

  isolate(): void {
    this.#change({ circuit: this, name: 'isolated' });
  }

  /** Probes that never end must not keep everybody out for ever: after a while the circuit is open again. */
  #follow(now: number): Period {
    const period = this.#period;
    if (period.name === 'half-open' && now >= period.until) this.#open(period.until, undefined);
    return this.#period;
  }

  #judge(window: ResultWindow, now: number, failed: boolean, slow: boolean, error: unknown): void {
    window.add(now, failed, slow);
    const { failureRate, slowCall, slowCallRate, minimumCalls, window: kind } = this.settings;
    if (kind.type === 'consecutive') {
      if (window.failed >= kind.size) this.#open(now, error);
      return;
    }
    // A window that holds fewer results than the minimum would never open.
    const enough = kind.type === 'count' ? Math.min(minimumCalls, kind.size) : minimumCalls;
    if (window.calls < enough) return;
    const tooManyFailed = window.failed > 0 && window.failed / window.calls >= failureRate;
    const tooManySlow =
      slowCall !== undefined && window.slow > 0 && window.slow / window.calls >= slowCallRate;
    if (tooManyFailed || tooManySlow) this.#open(now, error);
  }

  #judgeProbe(period: HalfOpen, now: number, failed: boolean, error: unknown): void {
    period.results++;
    if (failed) period.failed++;
    if (period.results < this.settings.halfOpenCalls) return;
    if (period.failed > 0 && period.failed / period.results >= this.settings.failureRate)
      this.#open(now, error);
    else this.close();
  }

  #open(now: number, error: unknown, duration?: number): void {
    this.#openings++;
    const until = now + (duration ?? this.settings.openFor(this.#openings, error));
    this.#change({ circuit: this, name: 'open', until });
  }

  #halfOpen(now: number): Period {
    const until = now + this.settings.halfOpenTimeout;
    return this.#change({ circuit: this, name: 'half-open', until, probes: 0, results: 0, failed: 0 });
  }

  #closed(): Period {
    return { circuit: this, name: 'closed', window: createWindow(this.settings.window) };
  }

  #change(period: Period): Period {
    this.#period = period;
    (this.#changes ??= []).push(period.name);
    return period;
  }
}
