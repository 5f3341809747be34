import type { Monitor } from '../core/events/index.js';
import { Pipeline } from '../core/pipeline/index.js';
import type { SharedAnswers, Target } from '../core/strategy/index.js';
import type { Clock, Deadlines } from '../core/time/index.js';
import type { Layer } from './layers.js';
import type { Created, ResolvedOptions } from './resolve.js';
import type { StrategySet } from './strategy-set.js';

/** The parts of an operation. */
export interface OperationParts {
  readonly name: string;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly target: Target;
  readonly layers: readonly Layer[];
  readonly resolved: ResolvedOptions;
  /** All strategies there are. */
  readonly strategies: StrategySet;
  readonly callSites: boolean;
  /** Creates what it runs with. Called when that is first needed: most operations of a large app rarely run. */
  create(): OperationState;
}

/** What an operation runs with. */
export interface OperationState {
  readonly monitor: Monitor;
  /** The strategies that are on, outermost first. */
  readonly created: readonly Created[];
}

/** The strategies of an operation, ready to run calls. */
export class RunningOperation {
  readonly monitor: Monitor;
  readonly created: readonly Created[];
  readonly order: readonly string[];
  readonly pipeline: Pipeline;
  readonly answers: SharedAnswers | undefined;

  constructor({ monitor, created }: OperationState) {
    this.monitor = monitor;
    this.created = created;
    this.order = created.map(({ definition }) => definition.name);
    const all = created.map(({ strategy }) => strategy);
    this.pipeline = new Pipeline(all);
    this.answers = all
      .filter((strategy) => strategy.kind === 'around')
      .find(({ answers }) => answers)?.answers;
  }
}
