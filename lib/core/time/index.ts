export { type Clock, systemClock, type Timer } from './clock.js';
export { Deadline, Deadlines } from './deadlines.js';
export { hours, minutes, seconds } from './durations.js';
export { outsideCallers } from './outside-callers.js';
export { type Random, seededRandom, systemRandom } from './random.js';
