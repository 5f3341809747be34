export { copyOf, copyTree, freeze } from './copy.js';
export { liveKind } from './single-use.js';
export { isPlain, isPlainArray } from './plain.js';
export { type Nature, natureOf, viewName } from './values.js';
