/**
 * Whether objects with this prototype are plain data. Besides the usual two there are those of other realms, which a
 * test file of jest has from `fetch` and Node's own modules, and empty ones without a parent, which parsers of query
 * strings use: fastify's queries are of that kind.
 */
export const isPlain = (prototype: unknown): boolean =>
  prototype === Object.prototype || prototype === null || isPlainElsewhere(prototype as object);

/** Whether arrays with this prototype are plain, in whichever realm: only there a prototype is an array itself. */
export const isPlainArray = (prototype: unknown): boolean =>
  prototype === Array.prototype || (Array.isArray(prototype) && isPlain(Object.getPrototypeOf(prototype)));

function isPlainElsewhere(prototype: object): boolean {
  if (Object.getPrototypeOf(prototype) !== null) return false;
  return Reflect.ownKeys(prototype).length === 0 || Object.hasOwn(prototype, 'propertyIsEnumerable');
}
