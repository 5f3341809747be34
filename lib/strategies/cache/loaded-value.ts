import { copyOf, natureOf, type Nature } from '../../core/values/index.js';
import type { Entry } from './envelope.js';

/** Stands for a value that must not be shared: whoever gets this runs the method itself. */
export const UNSHARED = Symbol('unshared');

/**
 * What a flight has brought. The first to take it gets the value itself, every other caller a copy, made of one that
 * nobody has in hands.
 */
export class LoadedValue {
  #taken = false;
  #nature: Nature | undefined;
  /** What is kept and copied from. */
  readonly master: unknown;

  constructor(
    private readonly value: unknown,
    /** Whether more than one will get it, the store included. */
    shared: boolean,
    private readonly isolate: boolean,
    known?: Nature,
    /** The entry it comes from; `undefined` if it was just loaded. */
    readonly entry?: Entry,
  ) {
    this.#nature = known ?? (shared ? natureOf(value) : undefined);
    this.master = this.#nature && isolate && !this.live ? this.#copied(this.#nature) : value;
  }

  get nature(): Nature | undefined {
    return this.#nature;
  }

  /** Why it must be neither stored nor shared. */
  get live(): string | undefined {
    return this.#nature?.live;
  }

  /** A copy of the value, unless none can be made: it is for one caller then, which is no reason to fail that one. */
  #copied(nature: Nature): unknown {
    try {
      return copyOf(this.value, nature);
    } catch {
      this.#nature = { ...nature, live: 'something that cannot be copied' };
      return this.value;
    }
  }

  take(): unknown {
    if (!this.#taken) {
      this.#taken = true;
      return this.value;
    }
    if (this.live) return UNSHARED;
    return this.isolate && this.#nature ? copyOf(this.master, this.#nature) : this.master;
  }
}
