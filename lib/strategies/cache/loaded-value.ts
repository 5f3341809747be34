import { copyOf, natureOf, type Nature } from '../../core/values/index.js';

/** Stands for a value that must not be shared: whoever gets this runs the method itself. */
export const UNSHARED = Symbol('unshared');

/**
 * What a flight has brought. The first to take it gets the value itself, every other caller a copy, made of one that
 * nobody has in hands.
 */
export class LoadedValue {
  #taken = false;
  readonly #nature: Nature | undefined;
  /** What is kept and copied from. */
  readonly master: unknown;

  constructor(
    private readonly value: unknown,
    /** Whether more than one will get it, the store included. */
    shared: boolean,
    private readonly isolate: boolean,
    known?: Nature,
  ) {
    this.#nature = known ?? (shared ? natureOf(value) : undefined);
    this.master = this.#nature && isolate && !this.live ? copyOf(value, this.#nature) : value;
  }

  get nature(): Nature | undefined {
    return this.#nature;
  }

  /** Why it must be neither stored nor shared. */
  get live(): string | undefined {
    return this.#nature?.live;
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
