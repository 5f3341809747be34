export { DEFAULT_MAX_KEYS, KeyedStates } from './keyed.js';
export { type Listed, RecencyList } from './linked-list.js';
export { WaitingLine } from './wait-queue.js';
