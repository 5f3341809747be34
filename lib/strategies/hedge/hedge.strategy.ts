import {
  isPermanent,
  type Call,
  type HedgeStrategy as Hedging,
  type RetryBudget,
  type StrategyContext,
} from '../../core/index.js';
import type { ResolvedHedge } from './hedge.options.js';
import { Latencies } from './latencies.js';

/** What a hedge is paid from. */
export interface HedgePayment {
  readonly budget: RetryBudget;
  readonly cost: number;
  /** Whether nobody else tells the budget of successes. */
  readonly alone: boolean;
}

/** Begins another try beside one that takes longer than most. */
export class HedgeStrategy implements Hedging {
  readonly kind = 'hedge';
  readonly maxHedges: number;
  readonly #latencies: Latencies | undefined;

  constructor(
    private readonly options: ResolvedHedge,
    private readonly payment: HedgePayment | undefined,
    private readonly context: StrategyContext,
  ) {
    const { delay, maxHedges } = options;
    this.maxHedges = maxHedges;
    if (typeof delay === 'object') this.#latencies = new Latencies(delay.quantile, delay.minimumCalls);
  }

  delay(): number | undefined {
    return this.#latencies ? this.#latencies.value() : (this.options.delay as number);
  }

  mayBegin(call: Call): boolean {
    const { payment, context } = this;
    if (!payment || payment.budget.take(payment.cost, context.clock.now())) return true;
    context.monitor.emit('retry-refusal', call);
    return false;
  }

  passesOver(error: unknown): boolean {
    return !isPermanent(error);
  }

  record(duration: number): void {
    this.#latencies?.add(duration);
    if (this.payment?.alone) this.payment.budget.give(1);
  }
}
