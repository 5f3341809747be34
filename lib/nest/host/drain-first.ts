interface WithHook {
  onModuleDestroy: (...args: unknown[]) => unknown;
}

/**
 * Makes every provider wait for the drain before it is destroyed. A global module is destroyed last: without this,
 * running calls would fail because the app's database is already closed.
 */
export class DrainFirst {
  readonly #hooked = new WeakSet<object>();
  readonly #undo: (() => void)[] = [];

  constructor(private readonly drain: () => Promise<void>) {}

  /** Runs the drain before the instance's own `onModuleDestroy`, if it has one. */
  apply(instance: unknown): void {
    if (typeof instance !== 'object' || instance === null || this.#hooked.has(instance)) return;
    try {
      this.#hook(instance as WithHook);
    } catch {
      // A frozen object is destroyed without waiting, as without Opero.
    }
  }

  /** Restores the instances' own hooks. */
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
