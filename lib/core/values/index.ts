export { copyOf, copyTree, freeze, ownCopy } from './copy.js';
export { typedArrays, viewName } from './language-objects.js';
export { memorySize } from './memory-size.js';
export { liveKind } from './single-use.js';
export { isDense, isPlain, isPlainArray } from './plain.js';
export { type Nature, natureOf } from './values.js';
export { digestOfText } from './digest.js';
