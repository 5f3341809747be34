export { digestOf } from './alternatives.js';
export type { CacheStore, CachingSettings, PrincipalFunction, RequestContext } from './caching.js';
export {
  anyOf,
  ask,
  decided,
  type ErrorClass,
  type ErrorCondition,
  type ErrorConditions,
  errorConditions,
} from './conditions.js';
export {
  type CreateContext,
  defineStrategy,
  type SharedResources,
  type StrategyDefinition,
  type Target,
} from './definition.js';
export {
  areFacts,
  combineFacts,
  type OperationFacts,
  type StrategyFacts,
  type StrategyTrait,
} from './facts.js';
export { keyPrefix, stateKey, StateKeys } from './keys.js';
export {
  type BudgetCosts,
  budgetOf,
  budgetSchema,
  feedsBudget,
  validateBudget,
  RetryBudget,
  type RetryBudgetOptions,
} from './retry-budget.js';
export { type Retryability, retryabilityOf, spentBehind } from './retryability.js';
export {
  type AroundStrategy,
  type AttemptTimeLimit,
  type GateStrategy,
  type HedgeStrategy,
  type HedgeVerdict,
  type TotalTimeLimit,
  type RecoverStrategy,
  type RepeatDecision,
  type RepeatStrategy,
  type Runner,
  type SharedAnswers,
  type Strategy,
  type StrategyContext,
} from './strategy.js';
