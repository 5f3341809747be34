import { types } from 'node:util';

/** Own properties of longer typed arrays are not looked for: that would make a string for each byte. */
const LONGEST_BYTES = 4_096;

/** The typed arrays of the language, by name. */
export const typedArrays = {
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
};

const viewNames = new Map<object, string>(
  [...Object.values(typedArrays), Buffer].map((type) => [type.prototype as object, type.name]),
);

/** The name of a typed array's own class, `Buffer` included; `undefined` for a subclass. */
export const viewName = (view: object): string | undefined =>
  viewNames.get(Object.getPrototypeOf(view) as object);

/** Throws for a buffer that was transferred to somebody else. */
const isThere = (buffer: ArrayBuffer): boolean => buffer.byteLength > 0 || buffer.slice(0).byteLength === 0;

/** Whether an object has the inner state of its class, and no properties beside it. */
const isWhole = new Map<object, (value: object, own: number) => boolean>([
  [Date.prototype, (value, own) => types.isDate(value) && own === 0],
  [RegExp.prototype, (value, own) => types.isRegExp(value) && own === 1],
  [Map.prototype, (value, own) => types.isMap(value) && own === 0],
  [Set.prototype, (value, own) => types.isSet(value) && own === 0],
  [URL.prototype, (_value, own) => own === 0],
  [
    ArrayBuffer.prototype,
    (value, own) =>
      types.isArrayBuffer(value) &&
      own === 0 &&
      !(value as { resizable?: boolean }).resizable &&
      isThere(value),
  ],
]);

/** Whether a value is an object of the language that is copied by its contents. Throws where these were given away. */
export function isCopyable(value: object, prototype: unknown): boolean {
  if (types.isTypedArray(value)) {
    if (value.length === 0) value.slice();
    const plain = viewName(value) !== undefined && !types.isSharedArrayBuffer(value.buffer);
    return plain && (value.length > LONGEST_BYTES || Reflect.ownKeys(value).length === value.length);
  }
  const whole = isWhole.get(prototype as object);
  return whole !== undefined && whole(value, Reflect.ownKeys(value).length);
}
