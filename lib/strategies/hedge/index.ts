import { budgetOf, defineStrategy, feedsBudget, retryabilityOf } from '../../core/strategy/index.js';
import { hedgeSchema, validateHedge, type HedgeOptions, type ResolvedHedge } from './hedge.options.js';
import { HedgeStrategy } from './hedge.strategy.js';
import { Latencies } from './latencies.js';

export type { HedgeOptions, HedgeQuantile } from './hedge.options.js';
export { Latencies } from './latencies.js';

/** Begins another attempt beside one that takes long; the first good answer wins. */
export const hedge = defineStrategy<'hedge', number | HedgeOptions, ResolvedHedge>({
  name: 'hedge',
  option: 'hedge',
  allowed: 'ms, true, false, or an object',
  shorthand: (raw) => (typeof raw === 'number' ? { delay: raw } : undefined),
  schema: hedgeSchema as never,
  validate: validateHedge,
  create(options, context) {
    const paid = options.budget ? budgetOf(context, true, 0) : undefined;
    const payment = paid && {
      budget: paid.budget,
      cost: paid.costs.cost,
      feeds: feedsBudget(context, 'hedge'),
    };
    const { delay } = options;
    const latencies =
      typeof delay === 'object'
        ? context.own.once('latencies', () => new Latencies(delay.quantile, delay.minimumCalls))
        : undefined;
    return new HedgeStrategy(options, payment, retryabilityOf(context), context, latencies);
  },
});
