export { checkLayer, expand, isTurnedOn, type Layer } from './layers.js';
export { Operation, type OperationPlan, type OperationSnapshot } from './operation.js';
export type { OperoHooks, OperoOptions, OperoProfile } from './options.js';
export { Profiles } from './profiles.js';
export { runItems, type ItemsTask } from './run-items.js';
export { OperoRuntime } from './runtime.js';
export type { OperationSpecification, RuntimeSettings } from './runtime-settings.js';
export { standardStrategies, strategiesWith, StrategySet } from './strategy-set.js';
export type { WorstCase } from './worst-case.js';
