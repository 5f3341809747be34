import { isMarkedPermanent, RefusedError, retryAfterOf } from '../../core/errors/index.js';
import type { Call } from '../../core/call/index.js';
import {
  anyOf,
  ask,
  decided,
  type HedgeStrategy as Hedging,
  type HedgeVerdict,
  type RetryBudget,
  type Retryability,
  type StrategyContext,
} from '../../core/strategy/index.js';
import type { ResolvedHedge } from './hedge.options.js';
import type { Latencies } from './latencies.js';

/** The retry budget that hedges are paid from. */
export interface HedgePayment {
  readonly budget: RetryBudget;
  readonly cost: number;
  /** Whether this strategy reports successes to the budget, because no retry strategy does. */
  readonly feeds: boolean;
}

/** Starts another attempt in parallel to a slow one. */
export class HedgeStrategy implements Hedging {
  readonly kind = 'hedge';
  readonly maxHedges: number;
  readonly #on: ((error: unknown) => boolean) | undefined;

  constructor(
    private readonly options: ResolvedHedge,
    private readonly payment: HedgePayment | undefined,
    private readonly retryability: Retryability,
    private readonly context: StrategyContext,
    /** Measured latencies, if the delay is a quantile. */
    private readonly latencies: Latencies | undefined,
  ) {
    const { maxHedges, on } = options;
    this.maxHedges = maxHedges;
    if (on) this.#on = anyOf(on);
  }

  delay(): number | undefined {
    return this.latencies ? this.latencies.value() : (this.options.delay as number);
  }

  mayBegin(call: Call): boolean {
    const { payment, context } = this;
    if (!payment || payment.budget.take(payment.cost, context.clock.now())) return true;
    context.monitor.emit('retry-refusal', call);
    return false;
  }

  giveBack(): void {
    this.payment?.budget.give(this.payment.cost);
  }

  judge(call: Call, error: unknown): HedgeVerdict {
    if (isMarkedPermanent(error)) return 'end';
    const on = this.#on;
    if (on && ask(call, 'hedge.on', 'no other attempt begins at once', () => on(error))) return 'again';
    if (!this.retryability.worth(call, error)) return 'end';
    if (error instanceof RefusedError || this.#asksToWait(error)) return 'hold';
    return on ? 'wait' : 'again';
  }

  failsWith(call: Call, value: unknown): boolean {
    const { failureOnResult } = this.options;
    if (!failureOnResult) return false;
    const test = () => decided(failureOnResult(value as never), 'hedge.failureOnResult');
    return ask(call, 'hedge.failureOnResult', 'the result is the answer', test);
  }

  record(duration: number): void {
    this.latencies?.add(duration);
    if (this.payment?.feeds) this.payment.budget.give(1);
  }

  #asksToWait(error: unknown): boolean {
    return this.retryability.respectsRetryAfter && (retryAfterOf(error, this.context.clock) ?? 0) > 0;
  }
}
