import { randomBytes } from 'node:crypto';
import { types } from 'node:util';
import { digestOfText } from '../values/digest.js';

/** New in each process: an alternative may be a secret, and must not be guessed from its digest. */
const SECRET = randomBytes(32);

/** Parts of plain data that are digested; larger data is identified by reference. */
const MOST_PARTS = 1_000;

const identities = new WeakMap<WeakKey, number>();
let lastIdentity = 0;

/**
 * Digest of a value of a fallback argument: the same for equal values, and another for all others. Primitives, plain objects and lists, dates, URLs and bytes are equal by what they hold; instances of classes,
 * functions and everything else by identity. The value cannot be read from it.
 */
export function digestOf(value: unknown): string {
  const parts: string[] = [];
  const written = isWritten(value, parts) ? parts.join('') : `identity ${identityOf(value as WeakKey)}`;
  return digestOfText(written, SECRET);
}

function isWritten(value: unknown, parts: string[]): boolean {
  try {
    return write(value, parts, new Set());
  } catch {
    // A proxy may throw at any access.
    return false;
  }
}

/** Writes a value unambiguously; false if it can only be identified by reference. */
function write(value: unknown, parts: string[], inside: Set<object>): boolean {
  if (parts.length > MOST_PARTS) return false;
  if (typeof value === 'symbol') {
    const registered = Symbol.keyFor(value);
    return put(
      parts,
      registered === undefined ? 'unique' : 'symbol',
      registered ?? String(identityOf(value)),
    );
  }
  if (typeof value === 'function') return put(parts, 'identity', String(identityOf(value)));
  if (typeof value !== 'object' || value === null) return put(parts, typeof value, String(value));
  if (inside.has(value)) return false;
  inside.add(value);
  const written = writeObject(value, parts, inside);
  inside.delete(value);
  return written;
}

function writeObject(value: object, parts: string[], inside: Set<object>): boolean {
  const depth = prototypesOf(value);
  if (writeBuiltIn(value, depth, parts)) return true;
  const plain = Array.isArray(value) ? depth === 2 : depth === 0 || (depth === 1 && isObjectOfObject(value));
  return plain ? writeFields(value, parts, inside) : put(parts, 'identity', String(identityOf(value)));
}

/** Writes a date, a URL or bytes; false for any other object. */
function writeBuiltIn(value: object, depth: number, parts: string[]): boolean {
  if (types.isDate(value) && depth === 2 && Reflect.ownKeys(value).length === 0) {
    return put(parts, 'date', String(value.getTime()));
  }
  if (value instanceof URL && depth === 2) return put(parts, 'url', value.href);
  if (types.isUint8Array(value) && (depth === 3 || (depth === 4 && Buffer.isBuffer(value)))) {
    return put(parts, 'bytes', Buffer.from(value).toString('base64'));
  }
  return false;
}

function writeFields(value: object, parts: string[], inside: Set<object>): boolean {
  const fields = Object.getOwnPropertyDescriptors(value) as Record<PropertyKey, PropertyDescriptor>;
  const names = Reflect.ownKeys(fields);
  // What a proxy answers with need not be among its properties.
  if (names.length === 0 && types.isProxy(value)) return false;
  put(parts, Array.isArray(value) ? 'list' : 'object', String(names.length));
  for (const name of names.sort((a, b) => (String(a) < String(b) ? -1 : 1))) {
    const field = fields[name]!;
    if (typeof name === 'symbol' || !('value' in field)) return false;
    put(parts, 'name', name);
    if (!write(field.value, parts, inside)) return false;
  }
  return true;
}

/** The length keeps one part from looking like two. */
function put(parts: string[], type: string, text: string): true {
  parts.push(`${type} ${text.length} ${text}`);
  return true;
}

/** How many prototypes there are: data from another realm, as from `structuredClone` in a test, has others than ours. */
function prototypesOf(value: object): number {
  let depth = 0;
  for (let next: unknown = Object.getPrototypeOf(value); next !== null; depth++)
    next = Object.getPrototypeOf(next);
  return depth;
}

const isObjectOfObject = (value: object): boolean =>
  Object.hasOwn(Object.getPrototypeOf(value), 'isPrototypeOf');

function identityOf(value: WeakKey): number {
  let identity = identities.get(value);
  if (identity === undefined) identities.set(value, (identity = ++lastIdentity));
  return identity;
}
