/** Detects values that can be consumed only once: the second reader would find them empty. */
const TESTS: readonly (readonly [what: string, test: (value: Record<PropertyKey, unknown>) => boolean])[] = [
  ['a promise', (value) => typeof value.then === 'function'],
  ['a stream', (value) => typeof value.pipe === 'function' || typeof value.subscribe === 'function'],
  ['a stream', (value) => typeof value.getReader === 'function' || typeof value.getWriter === 'function'],
  // Both ends of a stream must be objects, because an entity may have boolean flags with these names.
  ['a stream', (value) => isObject(value.readable) && isObject(value.writable)],
  ['a stream', (value) => typeof value.getStream === 'function'],
  ['an iterator', (value) => typeof value.next === 'function' || Symbol.asyncIterator in value],
  ['a resource', (value) => Symbol.dispose in value || Symbol.asyncDispose in value],
  ['a response', (value) => 'bodyUsed' in value],
];

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;

/** How many objects reachable from an instance are checked; a class may reference the whole app. */
const MOST = 2_000;

/**
 * Names a value that can be consumed only once: a stream, an iterator, a promise, a response, a lock; `undefined` for others.
 */
export function liveKind(value: object): string | undefined {
  return TESTS.find(([, test]) => test(value as Record<PropertyKey, unknown>))?.[0];
}

/**
 * Finds a single-use value in an instance of a class and in what it references. Methods of the instance do not count.
 */
export function findLive(instance: object): string | undefined {
  const seen = new Set<object>([instance]);
  for (const value of seen) {
    const kind = isCollection(value) || Array.isArray(value) ? undefined : liveKind(value);
    if (kind) return kind;
    for (const item of contents(value)) {
      if (typeof item === 'object' && item !== null && seen.size < MOST) seen.add(item);
    }
  }
  return undefined;
}

const isCollection = (value: object): value is Map<unknown, unknown> | Set<unknown> =>
  value instanceof Map || value instanceof Set;

function* contents(value: object): Generator {
  if (value instanceof Map) for (const entry of value) yield* entry;
  else if (value instanceof Set) yield* value;
  if (ArrayBuffer.isView(value)) return;
  for (const key of Object.keys(value)) {
    // Getters are not called: their values are not stored in the object.
    const held = Object.getOwnPropertyDescriptor(value, key);
    if (held && 'value' in held) yield held.value;
  }
}
