export { ManualClock } from '../../lib/testing/index.js';
