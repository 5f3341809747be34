import {
  isPermanent,
  type Call,
  type HedgeStrategy as Hedging,
  type RetryBudget,
  type StrategyContext,
} from '../../core/index.js';
import type { ResolvedHedge } from './hedge.options.js';
import type { Latencies } from './latencies.js';

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

  constructor(
    private readonly options: ResolvedHedge,
    private readonly payment: HedgePayment | undefined,
    private readonly context: StrategyContext,
    /** How long answers take, where the delay goes by that. */
    private readonly latencies: Latencies | undefined,
  ) {
    this.maxHedges = options.maxHedges;
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

  passesOver(error: unknown): boolean {
    return !isPermanent(error);
  }

  record(duration: number): void {
    this.latencies?.add(duration);
    if (this.payment?.alone) this.payment.budget.give(1);
  }
}
