export { DEFAULT_MAX_KEYS, KeyedStates } from './keyed.js';
export { type Listed, LinkedList } from './linked-list.js';
export { WaitQueue } from './wait-queue.js';
