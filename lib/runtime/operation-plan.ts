import type { OperationParts, RunningOperation } from './operation-parts.js';
import { factsOf, mergeFor } from './resolve.js';
import { worstCaseOf, type WorstCase } from './worst-case.js';

/** The effective configuration of an operation, as returned by `describe()`. */
export interface OperationPlan {
  readonly operation: string;
  /** The enabled strategies, outermost first, and the method. */
  readonly order: readonly string[];
  /** Every option that was set, as `retry.retries`, with its value and the layer it came from; alternatives of arguments by position. */
  readonly options: Readonly<Record<string, { readonly value: unknown; readonly from: string }>>;
  /** The most that one call can cost. */
  readonly worstCase: WorstCase;
}

export function planOf(parts: OperationParts, { created, order }: RunningOperation): OperationPlan {
  const { name, resolved, target, strategies: set } = parts;
  const on = new Set(created.map(({ definition }) => definition.option));
  const running = new Map([...resolved.strategies].filter(([option]) => on.has(option)));
  const worstCase = worstCaseOf(factsOf(running, target, set));
  return { operation: name, order: [...order, 'method'], options: sourcedOptionsOf(parts), worstCase };
}

/** Every option that was set, with its value and the layer it came from. */
export function sourcedOptionsOf({
  layers,
  resolved,
  target,
  strategies: set,
}: OperationParts): OperationPlan['options'] {
  const merged = mergeFor(target, layers, set);
  const options: Record<string, { value: unknown; from: string }> = {};
  for (const [field, sourced] of merged.common) options[field] = { ...sourced };
  for (const [option, sourced] of merged.strategies) {
    const complete = (resolved.strategies.get(option) ?? {}) as Record<string, unknown>;
    const shown = set.byOption.get(option)?.describe?.(complete) ?? complete;
    for (const [field, value] of Object.entries(shown)) {
      const path = `${option}.${field}`;
      if (value !== undefined) options[path] = { value, from: sourced.get(field)?.from ?? 'built-in' };
    }
  }
  return options;
}
