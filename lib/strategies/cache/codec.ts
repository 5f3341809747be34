import { types } from 'node:util';
import { parse, stringify } from 'devalue';
import { typedArrays, viewName, type Nature } from '../../core/values/index.js';

/** A value as a store keeps it: as it is where JSON tells all of it, else as text. */
export type Encoded = { readonly value: unknown } | { readonly text: string };

/** Brings a value into a form that comes back from any store as it was; `undefined` where there is none. */
export function encode(value: unknown, nature: Nature): Encoded | undefined {
  if (nature.foreign !== undefined || nature.live !== undefined) return undefined;
  if (nature.json) return { value };
  try {
    return { text: stringify(value, reducers) };
  } catch {
    return undefined;
  }
}

/** The value of a text that was written here. Throws for any other. */
export function decode(text: unknown): unknown {
  if (typeof text !== 'string') throw new TypeError('the text of a cached result is none');
  return parse(text, revivers) as unknown;
}

type Bytes = readonly [type: string, base64: string];

/** Typed arrays are written by their own bytes: the buffer behind them may hold those of others. */
const reducers = {
  bytes: (value: unknown): Bytes | undefined => {
    if (!types.isTypedArray(value)) return undefined;
    const { buffer, byteOffset, byteLength } = value;
    return [viewName(value)!, Buffer.from(buffer, byteOffset, byteLength).toString('base64')];
  },
};

const revivers = {
  bytes: ([type, base64]: Bytes): unknown => {
    const bytes = Buffer.from(base64, 'base64');
    if (type === 'Buffer') return bytes;
    const View = typedArrays[type as keyof typeof typedArrays];
    // A buffer of its own: small ones share a pool, at offsets that not every view can begin at.
    return new View(Uint8Array.from(bytes).buffer);
  },
};
