import type { CallIdentity } from '../../core/call/index.js';
import { digestOfText } from '../../core/values/index.js';
import { ownIdentity } from '../binding/identities.js';

/** The source text of a function. Closures created at one place have the same text. */
export const textOf = (work: (...args: never[]) => unknown): string =>
  `${work.name}\n${Function.prototype.toString.call(work)}`;

/** The functions that run under one name: equal arguments mean the same only for the same function. */
export class NamedFunctions {
  readonly #known = new Map<string, CallIdentity>();
  readonly #natives = new WeakMap<object, CallIdentity>();
  #ranNative = false;

  /** The identity of a function. It holds nothing of the options of a run: those may differ from run to run. */
  identityOf(work: (...args: never[]) => unknown): CallIdentity {
    const text = textOf(work);
    // All functions made by `bind()` have the same text: each has an identity of its own.
    const isNative = text.endsWith('{ [native code] }');
    let identity = isNative ? this.#natives.get(work) : this.#known.get(text);
    if (identity) return identity;
    if (isNative) {
      this.#ranNative = true;
      this.#natives.set(work, (identity = ownIdentity()));
    } else this.#known.set(text, (identity = { id: digestOfText(text), shared: true }));
    return identity;
  }

  /** The identity of the only function; `undefined` if there may be others, also in another process. */
  get only(): CallIdentity | undefined {
    return this.#known.size === 1 && !this.#ranNative ? [...this.#known.values()][0] : undefined;
  }
}
