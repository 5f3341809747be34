import { types } from 'node:util';

/** Bytes of an object without its contents, and of a property without its name, on a 64-bit machine. */
const OBJECT = 32;
const SLOT = 8;

/**
 * About how many bytes a value takes, shared parts once. Counts no further than `most`. Never calls code of the value:
 * getters count as a property.
 */
export function memorySize(value: unknown, most = Infinity): number {
  const seen = new Set<object>();
  const rest: unknown[] = [value];
  let bytes = 0;
  while (rest.length > 0 && bytes <= most) {
    const next = rest.pop();
    bytes += SLOT;
    if (typeof next === 'string') bytes += 2 * next.length;
    else if (typeof next === 'bigint') bytes += SLOT + Math.ceil(next.toString(16).length / 2);
    else if (typeof next === 'object' && next !== null && !seen.has(next)) {
      seen.add(next);
      bytes += OBJECT + ownBytes(next, rest);
    }
  }
  return bytes;
}

/** The bytes of an object itself; what it holds is added to `contents`. */
function ownBytes(object: object, contents: unknown[]): number {
  if (types.isAnyArrayBuffer(object)) return object.byteLength;
  if (ArrayBuffer.isView(object)) return object.byteLength;
  if (types.isProxy(object)) return SLOT;
  if (types.isMap(object)) for (const [key, value] of object) contents.push(key, value);
  else if (types.isSet(object)) for (const item of object) contents.push(item);
  let bytes = 0;
  for (const name of Reflect.ownKeys(object)) {
    bytes += Array.isArray(object) ? 0 : 2 * String(name).length;
    const property = Object.getOwnPropertyDescriptor(object, name);
    contents.push(property && 'value' in property ? property.value : undefined);
  }
  return bytes;
}
