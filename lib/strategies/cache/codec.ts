import { parse, stringify } from 'devalue';

/**
 * Brings a value into a form that comes back from any store as it was. What JSON can tell is left alone; dates, maps,
 * sets, bigints and the like become text. Instances of classes are left alone too: a store in this process keeps them,
 * any other makes plain objects of them.
 */
export function encode(value: unknown): { value: unknown } | { text: string } {
  if (isPlain(value, 0)) return { value };
  try {
    return { text: stringify(value) };
  } catch {
    return { value };
  }
}

/** The value of a text, if it is one that was written here. */
export function decode(text: unknown): { value: unknown } | undefined {
  try {
    return typeof text === 'string' ? { value: parse(text) as unknown } : undefined;
  } catch {
    return undefined;
  }
}

const DEEPEST = 100;

/** Whether JSON tells the whole value. */
function isPlain(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0);
    case 'object':
      return value === null || (depth < DEEPEST && isPlainObject(value, depth + 1));
    default:
      return false;
  }
}

function isPlainObject(value: object, depth: number): boolean {
  if (Array.isArray(value))
    return value.every((item) => isPlain(item, depth)) && Object.keys(value).length === value.length;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype || Object.getOwnPropertySymbols(value).length > 0) return false;
  return Object.values(value).every((item) => isPlain(item, depth));
}
