import { check, type Problem } from '../../core/options/index.js';
import { mapKeys, mapSchema, type OpMapRunOptions, type ResolvedMap } from '../../map/index.js';
import type { OperoOptions } from '../../runtime/index.js';
import type { StrategySwitch } from '../../strategies/index.js';
import type { DecoratedMethod } from './decorated-methods.js';

/** The options of `@OpMap()`: those of `@Opero()` for each item, and those of the run. */
export interface OpMapOptions extends OperoOptions, OpMapRunOptions {}

/** Separates the options of the run from those of the items. */
export function splitMapOptions(options: OpMapOptions): { item: OperoOptions; map: Record<string, unknown> } {
  const item: Record<string, unknown> = {};
  const map: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(options)) (mapKeys.includes(key) ? map : item)[key] = value;
  if (typeof map.itemTimeout === 'number') item.timeout = withTotal(item.timeout, map.itemTimeout);
  return { item, map };
}

function withTotal(timeout: unknown, total: number): unknown {
  if (typeof timeout === 'number') return { attempt: timeout, total };
  const isOn =
    typeof timeout === 'object' && timeout !== null && (timeout as StrategySwitch).enabled !== false;
  return isOn ? { total, ...timeout } : { total };
}

/** The run options of a method; `undefined` without `@OpMap()`. */
export function resolveMap({ declarations }: DecoratedMethod, problems: Problem[]): ResolvedMap | undefined {
  const maps = declarations.map(({ declaration }) => declaration.map).filter((map) => map !== undefined);
  if (maps.length === 0) return undefined;
  return check(mapSchema, Object.assign({}, ...maps), '', problems);
}
