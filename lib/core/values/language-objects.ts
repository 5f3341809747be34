import { types } from 'node:util';

/** Own properties of longer typed arrays are not checked: listing them would create a string per byte. */
const LONGEST_BYTES = 4_096;

/** The built-in typed arrays by name. */
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

/** The name of the built-in class of a typed array, `Buffer` included; `undefined` for a subclass. */
export const viewName = (view: object): string | undefined =>
  viewNames.get(Object.getPrototypeOf(view) as object);

/** Whether an object really has the internal state of its class and no additional properties. */
const isWhole = new Map<object, (value: object, own: number) => boolean>([
  [Date.prototype, (value, own) => types.isDate(value) && own === 0],
  [RegExp.prototype, (value, own) => types.isRegExp(value) && own === 1],
  [Map.prototype, (value, own) => types.isMap(value) && own === 0],
  [Set.prototype, (value, own) => types.isSet(value) && own === 0],
  [URL.prototype, (_value, own) => own === 0],
  [
    ArrayBuffer.prototype,
    (value, own) => types.isArrayBuffer(value) && own === 0 && !(value as { resizable?: boolean }).resizable,
  ],
]);

/** Whether a value is a built-in object that can be copied. */
export function isCopyable(value: object, prototype: unknown): boolean {
  if (types.isTypedArray(value)) {
    const plain = viewName(value) !== undefined && !types.isSharedArrayBuffer(value.buffer);
    return plain && (value.length > LONGEST_BYTES || Reflect.ownKeys(value).length === value.length);
  }
  const whole = isWhole.get(prototype as object);
  return whole !== undefined && whole(value, Reflect.ownKeys(value).length);
}
