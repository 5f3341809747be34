import type { CachingSettings, Target } from '../core/strategy/index.js';
import type { Clock, Random } from '../core/time/index.js';
import type { EventLoop } from '../map/index.js';
import type { Layer } from './layers.js';
import type { Operation } from './operation.js';
import type { StrategySet } from './strategy-set.js';

/** What a runtime takes from its surroundings. */
export interface RuntimeSettings {
  readonly clock?: Clock;
  readonly random?: Random;
  /** How runs over many items let others go first. */
  readonly eventLoop?: EventLoop;
  readonly caching?: Partial<CachingSettings>;
  /** The strategies there are. Default: the built-in ones. */
  readonly strategies?: StrategySet;
  /** Whether strategies run at all; without, only those stay whose definition says so. */
  readonly enabled?: boolean;
  /**
   * Whether the call site is appended to the stacks of errors.
   * @default false if `NODE_ENV` is `production`
   */
  readonly callSites?: boolean;
  /** Where warnings go. */
  readonly warn?: (message: string) => void;
}

/** What an operation is made from. */
export interface OperationSpecification {
  /** Its name unless the options give another. */
  readonly name: string;
  /** All layers, the farthest first. */
  readonly layers: readonly Layer[];
  /** Those of them that only this operation has, to be checked with it. */
  readonly own: readonly Layer[];
  readonly target: Target;
  /** What its strategies remember, where others that are made after it are to remember the same. */
  readonly memory?: Map<string, unknown>;
  /** The operation that has this name already, whose counts it shares: it is not listed beside that one. */
  readonly variantOf?: Operation;
}
