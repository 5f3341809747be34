import { joinPath, check, type Problem } from '../core/options/index.js';
import {
  combineFacts,
  type CreateContext,
  type OperationFacts,
  type Strategy,
  type StrategyDefinition,
  type Target,
} from '../core/strategy/index.js';
import { checkLayer, commonOf, merge, valuesOf, type Layer, type Merged } from './layers.js';
import type { CommonOptions } from './options.js';
import type { StrategySet } from './strategy-set.js';

/** Validated options of one operation. */
export interface ResolvedOptions {
  readonly common: CommonOptions;
  /** The complete options of each strategy that is on, by option. */
  readonly strategies: ReadonlyMap<string, unknown>;
}

/** Merges and validates the layers of an operation; `own` are the layers that were not checked before. */
export function resolve(
  layers: readonly Layer[],
  own: readonly Layer[],
  target: Target,
  set: StrategySet,
  problems: Problem[],
): ResolvedOptions | undefined {
  const before = problems.length;
  for (const { options, also } of own) problems.push(...checkLayer(set, options, '', also));
  // Also after a problem everything else is validated, so that one error lists all problems.
  const wrong = new Set(problems.slice(before).map(({ path }) => path.split('.')[0]!));
  if (wrong.has('')) return undefined;
  const merged = mergeFor(target, layers, set);
  const strategies = new Map<string, unknown>();
  for (const [option, sourced] of merged.strategies) {
    if (wrong.has(option)) continue;
    const definition = set.byOption.get(option)!;
    const resolved = check(definition.schema, valuesOf(sourced), option, problems);
    if (resolved !== undefined) strategies.set(option, resolved);
  }
  problems.push(...checkTogether(strategies, target, set, wrong.size > 0));
  return problems.length > before ? undefined : { common: commonOf(merged), strategies };
}

/** Puts the layers of a method on top of each other, and turns on what the method asks for without options. */
export function mergeFor(target: Target, layers: readonly Layer[], set: StrategySet): Merged {
  const merged = merge(layers, set);
  for (const [option, { impliedBy }] of set.byOption) {
    if (!impliedBy?.(target) || merged.strategies.has(option)) continue;
    merged.strategies.set(option, merged.tuned.get(option) ?? new Map());
  }
  return merged;
}

/** Checks options against the method and against each other; not the latter if some of them are wrong by themselves. */
function checkTogether(
  strategies: ReadonlyMap<string, unknown>,
  target: Target,
  set: StrategySet,
  incomplete: boolean,
): Problem[] {
  let facts: OperationFacts | undefined;
  return [...strategies].flatMap(([option, resolved]) => {
    const { validate } = set.byOption.get(option)!;
    // Checks that involve other strategies would take an invalid one for a missing one.
    if (!validate || (incomplete && validate.length > 2)) return [];
    facts ??= factsOf(strategies, target, set);
    return validate(resolved, target, facts).map(({ path, message }) => ({
      path: joinPath(option, path),
      message,
    }));
  });
}

/** The facts of the strategies of an operation; `options` are their complete options. */
export const factsOf = (
  options: ReadonlyMap<string, unknown>,
  target: Target,
  { byOption }: StrategySet,
): OperationFacts =>
  combineFacts(
    [...options].map(([option, resolved]) => byOption.get(option)?.facts?.(resolved, target) ?? {}),
  );

/** One strategy of an operation, and what defines it. */
export interface Created {
  readonly definition: StrategyDefinition;
  readonly strategy: Strategy;
}

/** Creates the enabled strategies, outermost first; with `switchedOff` only those with `staysOn`. */
export function createStrategies(
  resolved: ResolvedOptions,
  context: CreateContext,
  set: StrategySet,
  switchedOff: boolean,
): Created[] {
  const created: Created[] = [];
  for (const definition of set.order) {
    const options = resolved.strategies.get(definition.option);
    if (options === undefined || (switchedOff && !definition.staysOn)) continue;
    const strategy = definition.create(options, context);
    if (strategy) created.push({ definition, strategy });
  }
  return created;
}
