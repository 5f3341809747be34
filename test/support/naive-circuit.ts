/** What the reference is told of the options. */
export interface NaiveOptions {
  readonly window: { type: 'count' | 'consecutive'; size: number } | { type: 'time'; duration: number };
  readonly minimumCalls: number;
  readonly failureRate: number;
  readonly slowCall: number;
  readonly slowCallRate: number;
  readonly openDuration: number;
  readonly halfOpenCalls: number;
  readonly halfOpenTimeout: number;
}

interface Result {
  readonly at: number;
  readonly failed: boolean;
  readonly slow: boolean;
}

/**
 * A circuit breaker as one would explain it, to compare the real one with: it keeps every result, filters the whole
 * list each time, and follows the clock step by step.
 */
export class NaiveCircuit {
  state: 'closed' | 'open' | 'half-open' = 'closed';
  readonly history: string[] = [];
  /** Calls let through in the present state that have not ended. */
  running = new Set<number>();
  #results: Result[] = [];
  #until = Infinity;

  constructor(private readonly options: NaiveOptions) {}

  /** What time does by itself: a half-open circuit whose time is over is open again from that moment on. */
  follow(now: number): void {
    if (this.state === 'half-open' && now >= this.#until) this.#enter('open', this.#until);
  }

  enter(id: number, now: number): boolean {
    this.follow(now);
    if (this.state === 'open' && now >= this.#until) this.#enter('half-open', now);
    if (this.state === 'open') return false;
    if (this.state === 'half-open' && this.running.size + this.#results.length >= this.options.halfOpenCalls)
      return false;
    this.running.add(id);
    return true;
  }

  /** `undefined`: it says nothing. */
  leave(id: number, now: number, result: { failed: boolean; slow: boolean } | undefined): void {
    const belongs = this.running.has(id);
    if (belongs && result) this.follow(now);
    if (!this.running.delete(id) || !result) return;
    this.#results.push({ at: now, ...result });
    if (this.state === 'half-open') this.#judgeProbes(now);
    else this.#judge(now);
  }

  #judgeProbes(now: number): void {
    if (this.#results.length < this.options.halfOpenCalls) return;
    const bad = this.#results.filter(({ failed, slow }) => failed || slow).length;
    const opens = bad > 0 && bad / this.#results.length >= this.options.failureRate;
    this.#enter(opens ? 'open' : 'closed', now);
  }

  #judge(now: number): void {
    const { window, minimumCalls, failureRate, slowCallRate } = this.options;
    if (window.type === 'consecutive') {
      const last = this.#results.slice(-window.size);
      if (last.length === window.size && last.every(({ failed }) => failed)) this.#enter('open', now);
      return;
    }
    const part = (at: number) => (window.type === 'time' ? Math.floor((at / window.duration) * 10) : 0);
    const counted =
      window.type === 'count'
        ? this.#results.slice(-window.size)
        : this.#results.filter(({ at }) => part(at) > part(now) - 10);
    const enough = window.type === 'count' ? Math.min(minimumCalls, window.size) : minimumCalls;
    if (counted.length < enough) return;
    const share = (test: (result: Result) => boolean) => counted.filter(test).length / counted.length;
    const failures = share(({ failed }) => failed);
    const slow = share((result) => result.slow);
    if ((failures > 0 && failures >= failureRate) || (slow > 0 && slow >= slowCallRate))
      this.#enter('open', now);
  }

  #enter(state: NaiveCircuit['state'], now: number): void {
    this.state = state;
    this.history.push(`circuit-${state}`);
    this.running = new Set();
    this.#results = [];
    const { openDuration, halfOpenTimeout } = this.options;
    this.#until = state === 'closed' ? Infinity : now + (state === 'open' ? openDuration : halfOpenTimeout);
  }
}
