/** What tells a value of which there is only one use: read by one caller, it is empty for the next. */
const TESTS: readonly (readonly [what: string, test: (value: Record<PropertyKey, unknown>) => boolean])[] = [
  ['a promise', (value) => typeof value.then === 'function'],
  ['a stream', (value) => typeof value.pipe === 'function' || typeof value.subscribe === 'function'],
  ['a stream', (value) => typeof value.getReader === 'function' || typeof value.getWriter === 'function'],
  // The two ends of a stream; an entity may have flags of these names.
  ['a stream', (value) => isObject(value.readable) && isObject(value.writable)],
  ['a stream', (value) => typeof value.getStream === 'function'],
  ['an iterator', (value) => typeof value.next === 'function' || Symbol.asyncIterator in value],
  ['a resource', (value) => Symbol.dispose in value || Symbol.asyncDispose in value],
  ['a response', (value) => 'bodyUsed' in value],
];

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;

/** How many objects inside of instances are looked at; what a class holds may reach the whole app. */
const MOST = 2_000;

/** Names a value that can be used only once: a stream, an iterator, a promise, a response, a lock; `undefined` for others. */
export function liveKind(value: object): string | undefined {
  return TESTS.find(([, test]) => test(value as Record<PropertyKey, unknown>))?.[0];
}

/** Looks for such values in an instance of a class and in what it holds. Its own methods do no harm. */
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
    // What a getter answers is not held.
    const held = Object.getOwnPropertyDescriptor(value, key);
    if (held && 'value' in held) yield held.value;
  }
}
