export { isThenable } from './frame.js';
export { Pipeline } from './pipeline.js';
export { unendingCall } from './hidden-classes.js';
