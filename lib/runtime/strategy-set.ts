import { pipelineEvents, type OperoEventType } from '../core/events/index.js';
import type { Problem } from '../core/options/index.js';
import type { StrategyDefinition, StrategyTrait } from '../core/strategy/index.js';
import { order as builtIn } from '../strategies/index.js';
import { commonKeys } from './options.js';
import { place } from './app-strategies/placement.js';

/** The strategies of an app in their order: the built-in ones, and those of its own. */
export class StrategySet {
  /** The definition of each option; an option with two places in the order is checked by the first of them. */
  readonly byOption: ReadonlyMap<string, StrategyDefinition>;
  /** All that may be written in options. */
  readonly keys: readonly string[];
  /** All events there are. */
  readonly events: readonly OperoEventType[];
  readonly #statuses: ReadonlyMap<string, number>;

  constructor(
    readonly order: readonly StrategyDefinition[],
    /** Options of strategies that could not be placed: their use is no second problem. */
    readonly rejected: ReadonlySet<string> = new Set(),
  ) {
    this.byOption = new Map([...order].reverse().map((definition) => [definition.option, definition]));
    this.keys = [...new Set(order.map(({ option }) => option)), ...commonKeys];
    this.events = [...new Set([...pipelineEvents, ...order.flatMap(({ events = [] }) => events)])];
    this.#statuses = new Map(order.flatMap(({ errors = {} }) => Object.entries(errors)));
  }

  /** Whether the strategy of one of these options has `trait`. */
  anyHas(trait: StrategyTrait, options: Iterable<string>): boolean {
    return [...options].some((option) => this.byOption.get(option)?.traits?.includes(trait));
  }

  /** The HTTP status of a strategy's error; `undefined` for a code of none. */
  statusOf(code: string): number | undefined {
    return this.#statuses.get(code);
  }
}

/** The built-in strategies. */
export const standardStrategies = new StrategySet(builtIn as readonly unknown[] as StrategyDefinition[]);

/** Whether an app added a strategy with this option. */
export const isAdded = (option: string): boolean => !standardStrategies.byOption.has(option);

/** The built-in strategies and those of the app. Those that cannot be placed are left out, and reported in `problems`. */
export function strategiesWith(added: unknown, problems: Problem[]): StrategySet {
  if (added === undefined) return standardStrategies;
  const { order, rejected } = place(added, standardStrategies.order, problems);
  return new StrategySet(order, rejected);
}
