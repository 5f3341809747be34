import { hasJumped, JUMP, type Descent } from './descent.js';
import { compare, type Measured } from './elasticity.js';
import { LatencyWindow } from './latency-window.js';

/** Bounds of a limit that adapts. */
export interface LimitBounds {
  readonly initial: number;
  readonly min: number;
  readonly max: number;
}

/** How much longer than the baseline calls may take before the limit is lowered. */
const TOLERANCE = 1.15;
/** Ms longer that they may take besides: a busy event loop is not the downstream. */
const ALLOWANCE = 0.5;
/** The most that one window lowers the limit to, as a share. */
const LEAST_GRADIENT = 0.5;
/** Calls that may queue downstream, as a share of the limit: what it grows by in a window. */
const HEADROOM = 0.08;
/** What it grows by at least, so that a small limit grows too. */
const LEAST_GROWTH = 0.25;
/** The most it grows by in one window, after several in which calls took no longer than the baseline. */
const MOST_GROWTH = 0.5;
/** A probe lowers the limit to this share of it, each so many windows; less often where the step is large. */
const PROBE = 0.7;
const WINDOWS_BETWEEN = 8;
const SMALL_LIMIT = 4;
/** How much a new measurement counts for the baseline, and one of a time when calls were not limited by us. */
const WEIGHT = 0.3;
const UNLIMITED_WEIGHT = 0.1;
/** A latency that falls as much as the limit (elasticity 1) is spent in a queue downstream; one that stays (0) is not. */
const QUEUED = 0.8;
const ALL_QUEUED = 0.9;
const NOT_QUEUED = 0.3;
/** The share of a limit below which the difference shows. */
const MUCH_LOWER = 0.8;
/** The share of timeouts up to which latencies say something. */
const MOST_DROPPED = 0.1;

/**
 * A concurrency limit that follows the downstream. After each window of samples
 *
 *     gradient = max(0.5, min(1, tolerance * baseline / latency))
 *     limit    = limit * (gradient + headroom)
 *
 * The gradient compares a short with a long window of latencies, and nothing grows while calls are not limited by us.
 * Source: Gradient2Limit of Netflix's concurrency-limits,
 * https://github.com/Netflix/concurrency-limits/blob/main/concurrency-limits-core/src/main/java/com/netflix/concurrency/limits/limit/Gradient2Limit.java
 *
 * There the baseline is an average over all windows: under lasting overload it follows the latency, and the limit grows
 * without end. failsafe-go prevents that by correlating concurrency with latency and throughput
 * (https://github.com/failsafe-go/failsafe-go/blob/master/adaptivelimiter/adaptivelimiter.go). Here the correlation is
 * measured: from time to time the limit is lowered for one window. If calls take as long as before, that is their latency:
 * it counts for the baseline, and the limit returns. If they take that much shorter, they had queued downstream, nothing is
 * lost by the lower limit, and it stays. In the same way a limit that was lowered in vain, because calls take longer for
 * another reason than their number, returns.
 *
 * Pure: time and samples are arguments.
 */
export class GradientLimit {
  #estimate: number;
  #limit: number;
  #baseline = NaN;
  #window: LatencyWindow;
  /** What was measured before the limit was lowered for a probe. */
  #probed: Measured | undefined;
  #descent: Descent | undefined;
  /** Windows since the last probe. The first window is followed by one: what it measured may be a queue. */
  #age = Infinity;
  #growth = HEADROOM;

  constructor(
    private readonly bounds: LimitBounds,
    now: number,
  ) {
    this.#estimate = this.#limit = bounds.initial;
    this.#window = new LatencyWindow(now);
  }

  /** Calls that may run at the same time now: lower than the estimate during a probe. */
  get limit(): number {
    return this.#limit;
  }

  /** Calls that are found to be good at the same time. */
  get estimate(): number {
    return Math.floor(this.#estimate);
  }

  /** Ms that calls take without a queue downstream; NaN before the first window. */
  get baseline(): number {
    return this.#baseline;
  }

  /** A call ended `now`, after `latency` ms, while `running` were running with it. `dropped`: it timed out. */
  sample(now: number, latency: number, running: number, dropped: boolean): void {
    this.#window.add(now, latency, running, dropped);
    if (!this.#window.isFull(now)) return;
    this.#update(this.#window);
    this.#window = new LatencyWindow(now);
  }

  #update(window: LatencyWindow): void {
    const { mean } = window;
    if (Number.isNaN(this.#baseline)) this.#baseline = mean;
    this.#age++;
    const limited = window.peak >= this.#limit;
    const tells = limited && window.dropped <= MOST_DROPPED;
    if (this.#probed && this.#endProbe(this.#probed, window, tells)) return;
    if (tells && this.#isInVain(window)) return;
    if (limited) return this.#adjust(window);
    this.#descent = undefined;
    // A jump is not taken over: more calls at a time may be what comes of a queue downstream.
    if (mean < JUMP * this.#baseline) this.#approach(mean, mean < this.#baseline ? WEIGHT : UNLIMITED_WEIGHT);
  }

  /** Ends a probe. Whether that is all there is to do: the limit returns, and this window was not measured at it. */
  #endProbe(before: Measured, window: LatencyWindow, tells: boolean): boolean {
    const { mean, error } = window;
    const { elasticity, noise } = compare(before, this.#measured(window));
    this.#probed = undefined;
    if (tells && (elasticity > 1 || elasticity - noise > QUEUED)) {
      this.#set(this.#limit);
      this.#baseline = Math.min(this.#baseline, mean + error);
      this.#growth = HEADROOM;
      // The whole latency followed the limit: there may be more to gain.
      this.#age = elasticity > ALL_QUEUED ? Infinity : 0;
      return false;
    }
    // Calls that take longer at a lower limit tell that the downstream has changed meanwhile, and nothing else.
    if (tells && mean < JUMP * before.latency) this.#approach(mean, WEIGHT);
    this.#age = 0;
    this.#set(this.#estimate);
    return true;
  }

  /** Whether the limit was lowered in vain: calls take as long as they did at a higher one. Then it returns. */
  #isInVain(window: LatencyWindow): boolean {
    const descent = this.#descent;
    if (!descent?.reference || this.#limit > MUCH_LOWER * descent.reference.limit) return false;
    if (hasJumped(descent, window)) return false;
    if (compare(descent.reference, this.#measured(window)).elasticity >= NOT_QUEUED) return false;
    this.#baseline = window.mean;
    this.#descent = undefined;
    this.#age = 0;
    this.#set(descent.from);
    return true;
  }

  #adjust(window: LatencyWindow): void {
    const { mean, error, dropped } = window;
    const surely = mean + 2 * error;
    // At the floor there is no lower limit at which calls could be quicker.
    if (this.#limit === this.bounds.min) this.#approach(mean, WEIGHT);
    else if (surely < this.#baseline) this.#approach(surely, surely < this.#baseline / JUMP ? 1 : WEIGHT);
    const latency = Math.max(mean - error, Number.MIN_VALUE);
    const ratio = Math.min(1, (TOLERANCE * this.#baseline + ALLOWANCE) / latency, 1 - dropped);
    const factor = Math.max(LEAST_GRADIENT, ratio) + HEADROOM;
    if (factor > 0.9 && this.#probe(window)) return;
    if (ratio === 1) this.#grow(mean < this.#baseline * 1.05 + error);
    else this.#approachLimit(factor, window);
  }

  #grow(faster: boolean): void {
    this.#descent = undefined;
    this.#set(this.#estimate + Math.max(LEAST_GROWTH, this.#estimate * this.#growth));
    this.#growth = faster ? Math.min(MOST_GROWTH, 2 * this.#growth) : HEADROOM;
  }

  #approachLimit(factor: number, window: LatencyWindow): void {
    if (factor >= 1) this.#descent = undefined;
    else if (!this.#descent || hasJumped(this.#descent, window))
      this.#descent = { from: this.#estimate, reference: undefined };
    else this.#descent.reference ??= this.#measured(window);
    this.#growth = HEADROOM;
    this.#set(this.#estimate * factor);
  }

  /** Lowers the limit for one window, if it is time for it; false if not. */
  #probe(window: LatencyWindow): boolean {
    const to = Math.max(this.bounds.min, Math.floor(this.#estimate * PROBE));
    const isDue = this.#age >= WINDOWS_BETWEEN * Math.max(1, SMALL_LIMIT / this.#limit);
    if (!isDue || to >= this.#limit) return false;
    this.#probed = this.#measured(window);
    this.#limit = to;
    return true;
  }

  #measured({ mean, error }: LatencyWindow): Measured {
    return { limit: this.#limit, latency: mean, error: error / mean };
  }

  #approach(latency: number, weight: number): void {
    this.#baseline += weight * (latency - this.#baseline);
  }

  #set(estimate: number): void {
    this.#estimate = Math.min(this.bounds.max, Math.max(this.bounds.min, estimate));
    this.#limit = Math.floor(this.#estimate);
  }
}
