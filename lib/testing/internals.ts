// What the tests of a strategy need of the implementation. The build takes it from the main entry of the package, so that
// the tests and the strategy share one implementation: see docs/decisions/014-two-builds.md.
export { REFUSED } from '../core/call/index.js';
export { isOperoError, OperoConfigurationError, RefusedError } from '../core/errors/index.js';
export { checks, linesOf, show } from '../core/options/index.js';
export { OperoRuntime, strategiesWith, StrategySet } from '../runtime/index.js';
