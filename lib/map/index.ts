export type { ItemTask } from './engine-options.js';
export { Batches } from './batches.js';
export { systemEventLoop, type EventLoop } from './event-loop.js';
export { isItemError, isOk, OpAbortedError, OpItemError, OpSourceError } from './items.js';
export type { AnyIterable, OpItemFailure, OpItemResult } from './items.js';
export { mapKeys, mapSchema, windowOf, workersOf } from './map.options.js';
export type { OpMapRunOptions, ResolvedMap } from './map.options.js';
export type { OpProgress } from './progress.js';
export { MapRun, type OpRun, type RunSettings } from './run.js';
