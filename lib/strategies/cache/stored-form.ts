import type { Call } from '../../core/call/index.js';
import { natureOf, type Nature } from '../../core/values/index.js';
import type { ResolvedCache } from './cache.schema.js';
import { encode, type Encoded } from './codec.js';
import { reviverOf, type Reviver } from './revive.js';

/** A value in the form in which a store keeps it, and whether `cache.revive` must bring it back. */
export interface StoredForm {
  readonly encoded: Encoded;
  readonly revive: boolean;
}

/** Brings results into the form in which a store keeps them, and back, with the user's `cache.revive` where needed. */
export class StoredForms {
  readonly #reviver: Reviver | undefined;
  #warned = false;

  constructor(
    revive: ResolvedCache['revive'],
    private readonly warn: (message: string) => void,
  ) {
    this.#reviver = reviverOf(revive);
  }

  /** The form of a value; `undefined` where a store would not bring it back as it is. */
  of(value: unknown, nature: Nature, call: Call): StoredForm | undefined {
    let encoded = encode(value, nature);
    if (encoded) return { encoded, revive: false };
    const flat = this.#flatten(value, call);
    encoded = flat && encode(flat.plain, natureOf(flat.plain));
    if (encoded) return { encoded, revive: true };
    this.#warnOnce(nature.foreign ?? 'something that cannot be written down');
    return undefined;
  }

  /** Brings plain data back into instances of classes. Throws where that fails. */
  revive(plain: unknown, call: Call): unknown {
    if (!this.#reviver) throw new Error('it holds instances of classes, and there is no cache.revive');
    try {
      const value = call.within(() => this.#reviver!.revive(plain));
      const { live } = natureOf(value);
      if (live) throw new TypeError(`cache.revive must answer at once, it returned ${live}`);
      return value;
    } catch (error) {
      call.monitor.callbackFailed('cache.revive', 'what is stored counts as nothing', call, error);
      throw error;
    }
  }

  #flatten(value: unknown, call: Call): { readonly plain: unknown } | undefined {
    try {
      return this.#reviver?.flatten(value);
    } catch (error) {
      call.monitor.callbackFailed('cache.revive', 'the result is kept in this process only', call, error);
      return undefined;
    }
  }

  #warnOnce(what: string): void {
    if (this.#warned) return;
    this.#warned = true;
    this.warn(
      `keeps results in this process only: a store would not bring back ${what} as it is. Answer with plain data, or give cache.revive${this.#reviver ? ' another function or class' : ''}`,
    );
  }
}
