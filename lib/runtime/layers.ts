import * as v from 'valibot';
import { joinPath, check, fields, flag, show, unknownName, type Problem } from '../core/options/index.js';
import type { StrategyDefinition } from '../core/strategy/index.js';
import { collectFailure } from './app-strategies/definition-failure.js';
import { commonKeys, commonSchema, type CommonOptions, type OperoOptions } from './options.js';
import type { StrategySet } from './strategy-set.js';

/** Options from one place. A nearer layer wins, field by field. */
export interface Layer {
  /** Their source, as shown by `describe()`: `defaults`, `profile payments`, `@Opero on the method`. */
  readonly from: string;
  readonly options: OperoOptions;
  /** Further names that may be written in this place, and are checked elsewhere. */
  readonly also?: readonly string[];
}

/** One field of the outcome, and the layer it came from. */
export interface Sourced {
  readonly value: unknown;
  readonly from: string;
}

/** The outcome of all layers. */
export interface Merged {
  /** The fields of each strategy that is on, by option. */
  readonly strategies: Map<string, ReadonlyMap<string, Sourced>>;
  /** The fields of each strategy that some layer has set and none has dropped, by option, whether it is on or not. */
  readonly tuned: ReadonlyMap<string, ReadonlyMap<string, Sourced>>;
  readonly common: ReadonlyMap<string, Sourced>;
}

/**
 * Puts layers on top of each other, the farthest first. They must have been checked. `true`, a short form and an object
 * turn a strategy on, with what the layers below say of its fields. `enabled: false` in an object turns it off and
 * keeps all fields for a nearer layer; `false` turns it off and drops them.
 */
export function merge(layers: readonly Layer[], strategies: StrategySet): Merged {
  const tuned = new Map<string, ReadonlyMap<string, Sourced>>();
  const on = new Set<string>();
  const common = new Map<string, Sourced>();
  for (const { from, options } of layers) {
    for (const [key, raw] of Object.entries(options)) {
      if (raw === undefined) continue;
      const definition = strategies.byOption.get(key);
      if (!definition) {
        common.set(key, { value: raw, from });
        continue;
      }
      const { enabled = true, ...written } = (expand(definition, raw) || { enabled: false }) as Written;
      if (raw === false) tuned.delete(key);
      else tuned.set(key, lay(tuned.get(key), written, from));
      if (enabled) on.add(key);
      else on.delete(key);
    }
  }
  return { strategies: new Map([...tuned].filter(([key]) => on.has(key))), tuned, common };
}

/** Whether what is written for a strategy turns it on. */
export const isTurnedOn = (raw: unknown): boolean =>
  raw !== undefined && raw !== false && (raw as Written | null)?.enabled !== false;

/** An option as fields. */
type Written = { readonly enabled?: boolean } & Record<string, unknown>;

function lay(
  below: ReadonlyMap<string, Sourced> | undefined,
  written: object,
  from: string,
): Map<string, Sourced> {
  const result = new Map(below);
  for (const [field, value] of Object.entries(written)) {
    if (value !== undefined) result.set(field, { value, from });
  }
  return result;
}

/** What is written for an option as fields; `false` for off, `undefined` if it is not understood. */
export function expand(definition: StrategyDefinition, raw: unknown): unknown {
  if (raw === true) return {};
  if (raw === false) return false;
  const short = definition.shorthand?.(raw);
  if (short !== undefined) return short;
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw) ? raw : undefined;
}

/** Everything that is wrong with one layer by itself. Missing fields may come from another layer. */
export function checkLayer(
  strategies: StrategySet,
  options: unknown,
  path = '',
  also: readonly string[] = [],
): Problem[] {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    return [{ path, message: `got ${show(options)}, allowed: an object with options` }];
  }
  const problems: Problem[] = [];
  const common: Record<string, unknown> = {};
  for (const [key, raw] of Object.entries(options)) {
    const at = joinPath(path, key);
    const definition = strategies.byOption.get(key);
    if (definition) problems.push(...checkOption(definition, raw, at));
    else if (commonKeys.includes(key)) common[key] = raw;
    else if (!strategies.rejected.has(key))
      problems.push({ path: at, message: unknownName(key, [...strategies.keys, ...also]) });
  }
  check(commonSchema, common, path, problems);
  return problems;
}

function checkOption(definition: StrategyDefinition, raw: unknown, path: string): Problem[] {
  if (raw === undefined) return [];
  const problems: Problem[] = [];
  const written = collectFailure(problems, () => expand(definition, raw));
  if (problems.length > 0) return problems;
  if (written === false) return [];
  if (written === undefined) return [{ path, message: `got ${show(raw)}, allowed: ${definition.allowed}` }];
  check(withSwitch(definition), written, path, problems);
  return problems.filter(({ missing }) => !missing);
}

const withSwitches = new WeakMap<StrategyDefinition, v.GenericSchema>();

/** What may be written for a strategy: its fields, and whether they turn it on. */
function withSwitch(definition: StrategyDefinition): v.GenericSchema {
  let schema = withSwitches.get(definition);
  if (!schema) {
    const { entries } = definition.schema as unknown as { entries: v.ObjectEntries };
    schema = fields({ ...entries, enabled: v.optional(flag()) });
    withSwitches.set(definition, schema);
  }
  return schema;
}

/** The values of sourced fields. */
export const valuesOf = (sourced: ReadonlyMap<string, Sourced>): Record<string, unknown> =>
  Object.fromEntries([...sourced].map(([field, { value }]) => [field, value]));

/** The options that belong to no strategy. */
export const commonOf = ({ common }: Merged): CommonOptions => valuesOf(common) as CommonOptions;
