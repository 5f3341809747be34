import { joinPath } from '../../core/options/index.js';

/** The values in an options object, two levels deep, to detect a replaced value. */
function leavesOf(options: object): unknown[] {
  const leaves: unknown[] = [];
  for (const [key, value] of Object.entries(options)) {
    leaves.push(key, value);
    if (isPlain(value)) for (const [field, inner] of Object.entries(value)) leaves.push(field, inner);
  }
  return leaves;
}

/** Whether both lists hold the same values. */
const sameLeaves = (one: readonly unknown[], other: readonly unknown[]): boolean =>
  one.length === other.length && one.every((leaf, index) => Object.is(leaf, other[index]));

/** Values by options object, discarded if a function in the object was replaced. */
export class ByOptions<T> {
  readonly #known = new WeakMap<
    object,
    { readonly leaves: readonly unknown[]; readonly made: Map<string, T> }
  >();

  /** What was made for these options as they are now, by name. */
  of(options: object): Map<string, T> {
    const leaves = leavesOf(options);
    let known = this.#known.get(options);
    if (!known || !sameLeaves(known.leaves, leaves)) {
      this.#known.set(options, (known = { leaves, made: new Map() }));
    }
    return known.made;
  }
}

/** Options are nested no deeper. Anything deeper or circular is data of the caller. */
const DEEPEST = 6;

/**
 * The path where two options objects differ; `undefined` if they do not. Functions and fallbacks are ignored, because
 * each run uses its own; classes are compared.
 */
export function differenceOf(first: unknown, second: unknown, path = '', depth = 0): string | undefined {
  if (depth > DEEPEST) return undefined;
  if (Object.is(first, second)) return undefined;
  if (isFree(first) && isFree(second)) return isMissingInOne(first, second, path) ? path : undefined;
  if (Array.isArray(first) && Array.isArray(second)) {
    return first.length === second.length ? differenceIn(first, second, path, depth) : path;
  }
  if (isPlain(first) && isPlain(second)) return differenceIn(first, second, path, depth);
  return isAlike(first, second) ? undefined : path || 'all of them';
}

function differenceIn(first: object, second: object, path: string, depth: number): string | undefined {
  for (const key of new Set([...Object.keys(first), ...Object.keys(second)])) {
    if (path === '' && key === 'fallback') continue;
    const at = joinPath(path, key);
    const difference = differenceOf(Reflect.get(first, key), Reflect.get(second, key), at, depth + 1);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

/** Whether it is a function of the caller, or missing. Classes are the same ones in every run. */
const isFree = (value: unknown): boolean =>
  value === undefined || (typeof value === 'function' && !isClass(value));

const isClass = (value: object): boolean =>
  value === Error ||
  (value as { prototype?: unknown }).prototype instanceof Error ||
  /^class\b/.test(Function.prototype.toString.call(value));

/** What cached entries and keyed states are made with: in all runs with a name, or in none. */
const isMissingInOne = (first: unknown, second: unknown, path: string): boolean =>
  (first === undefined || second === undefined) && /\.(key|principal|revive)$/.test(path);

/** Dates and patterns are compared by content; other objects belong to the caller. */
function isAlike(first: unknown, second: unknown): boolean {
  if (typeof first !== 'object' || typeof second !== 'object' || first === null || second === null)
    return false;
  if (Object.getPrototypeOf(first) !== Object.getPrototypeOf(second)) return false;
  const isValue = first instanceof Date || first instanceof RegExp;
  return !isValue || String(first) === String(second);
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
