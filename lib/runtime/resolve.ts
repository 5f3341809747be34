import { check, type Problem } from '../core/options/index.js';
import type { CreateContext, Strategy, Target } from '../core/strategy/index.js';
import { order } from '../strategies/index.js';
import { checkLayer, commonOf, definitions, merge, valuesOf, type Layer, type Merged } from './layers.js';
import type { CommonOptions } from './options.js';

/** Proved options of one operation. */
export interface ResolvedOptions {
  readonly merged: Merged;
  readonly common: CommonOptions;
  /** The complete options of each strategy that is on, by option. */
  readonly strategies: ReadonlyMap<string, unknown>;
}

/** Merges and proves the layers of an operation; `own` are the layers that nobody else has checked. */
export function resolve(
  layers: readonly Layer[],
  own: readonly Layer[],
  target: Target,
  problems: Problem[],
): ResolvedOptions | undefined {
  const before = problems.length;
  for (const { options, also } of own) problems.push(...checkLayer(options, '', also));
  // What is wrong by itself is told; the rest is proved all the same, so that one error lists all there is to mend.
  const wrong = new Set(problems.slice(before).map(({ path }) => path.split('.')[0]!));
  if (wrong.has('')) return undefined;
  const merged = merge(layers);
  if (target.fallbackArguments.size > 0 && !merged.strategies.has('argFallback')) {
    merged.strategies.set('argFallback', merged.tuned.get('argFallback') ?? new Map());
  }
  const strategies = new Map<string, unknown>();
  for (const [option, sourced] of merged.strategies) {
    if (wrong.has(option)) continue;
    const definition = definitions.get(option)!;
    const resolved = check(definition.schema, valuesOf(sourced), option, problems);
    if (resolved !== undefined) strategies.set(option, resolved);
  }
  const all = Object.fromEntries(strategies);
  for (const [option, resolved] of strategies) {
    const { validate } = definitions.get(option)!;
    // Those that look at other options would take a wrong one for none.
    if (!validate || (wrong.size > 0 && validate.length > 2)) continue;
    for (const { path, message } of validate(resolved, target, all)) {
      problems.push({ path: path ? `${option}.${path}` : option, message });
    }
  }
  return problems.length > before ? undefined : { merged, common: commonOf(merged), strategies };
}

/** The strategies that are on, outermost first, with their names. */
export function createStrategies(
  resolved: ResolvedOptions,
  context: CreateContext,
  only?: ReadonlySet<string>,
): { readonly name: string; readonly option: string; readonly strategy: Strategy }[] {
  const created: { name: string; option: string; strategy: Strategy }[] = [];
  for (const definition of order) {
    const options = resolved.strategies.get(definition.option);
    if (options === undefined || (only && !only.has(definition.option))) continue;
    const strategy = definition.create(options as never, context);
    if (strategy) created.push({ name: definition.name, option: definition.option, strategy });
  }
  return created;
}
