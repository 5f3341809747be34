/**
 * Whether objects with this prototype are plain data. Besides `Object.prototype` and `null` there are the prototypes
 * of other realms (in jest, objects from `fetch` and Node's own modules) and empty objects without a parent, which
 * query string parsers use (fastify's, for example).
 */
export const isPlain = (prototype: unknown): boolean =>
  prototype === Object.prototype || prototype === null || isPlainElsewhere(prototype as object);

/**
 * Whether arrays with this prototype are plain, from any realm: only a realm's own `Array.prototype` is itself an
 * array.
 */
export const isPlainArray = (prototype: unknown): boolean =>
  prototype === Array.prototype || (Array.isArray(prototype) && isPlain(Object.getPrototypeOf(prototype)));

/** Whether a list holds its items and nothing else. Counting is not enough: a property may take the place of a missing item. */
export function isDense(list: readonly unknown[]): boolean {
  const { length } = list;
  const names = Reflect.ownKeys(list);
  // Indexes come first, in their order.
  if (names.length !== length + 1 || names[length] !== 'length') return false;
  return Object.keys(list).length === length;
}

function isPlainElsewhere(prototype: object): boolean {
  if (Object.getPrototypeOf(prototype) !== null) return false;
  return Reflect.ownKeys(prototype).length === 0 || Object.hasOwn(prototype, 'propertyIsEnumerable');
}
