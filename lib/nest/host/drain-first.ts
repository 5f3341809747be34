interface WithHook {
  onModuleDestroy: (...args: unknown[]) => unknown;
}

/**
 * Has every provider of the app wait for the drain before it is destroyed: a global module is destroyed last, when the
 * user's database is closed already and calls that still run would fail.
 */
export class DrainFirst {
  readonly #hooked = new WeakSet<object>();
  readonly #undo: (() => void)[] = [];

  constructor(private readonly drain: () => Promise<void>) {}

  /** Puts the drain before an instance's own `onModuleDestroy`, if it has one. */
  apply(instance: unknown): void {
    if (typeof instance !== 'object' || instance === null || this.#hooked.has(instance)) return;
    try {
      this.#hook(instance as WithHook);
    } catch {
      // An object that does not let itself be changed is destroyed when it likes, as without Opero.
    }
  }

  /** Gives instances their own hooks back. */
  close(): void {
    for (const undo of this.#undo.splice(0)) undo();
  }

  #hook(instance: WithHook): void {
    const original = instance.onModuleDestroy;
    if (typeof original !== 'function') return;
    const own = Object.getOwnPropertyDescriptor(instance, 'onModuleDestroy');
    const { drain } = this;
    const value = async function (this: unknown, ...args: unknown[]): Promise<unknown> {
      await drain();
      return original.apply(this, args);
    };
    Object.defineProperty(instance, 'onModuleDestroy', { value, configurable: true, writable: true });
    this.#hooked.add(instance);
    this.#undo.push(() => {
      if (own) Object.defineProperty(instance, 'onModuleDestroy', own);
      else delete (instance as Partial<WithHook>).onModuleDestroy;
    });
  }
}
