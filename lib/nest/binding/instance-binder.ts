import type { ModulesContainer } from '@nestjs/core';
import type { CallIdentity } from '../../core/call/index.js';
import { Identities } from './identities.js';
import { ShadowPrototypes } from './shadow-prototypes.js';
import type { ShadowHost } from './shadow-host.js';
import { classOf, originOf, type Wrapper } from './wrapper.js';

/**
 * Binds the decorated methods of every instance that the container creates, in any scope, by changing the instance's
 * prototype. The classes are not modified.
 */
export class InstanceBinder {
  readonly #shadows: ShadowPrototypes;
  readonly #identities = new Identities();
  readonly #hooked = new WeakSet<object>();
  readonly #wrappers = new Set<Wrapper>();
  #undo: (() => void)[] = [];
  #closed = false;

  constructor(
    host: ShadowHost,
    private readonly warn: (message: string) => void,
  ) {
    this.#shadows = new ShadowPrototypes(host);
  }

  /** All instances that live as long as the app. */
  instances(): unknown[] {
    return [...this.#wrappers].map(({ instance }) => instance);
  }

  /** The identity of an object: its provider's if that lives as long as the app, otherwise its own. */
  identityOf(instance: object): CallIdentity {
    const bound = this.#shadows.identityOf(instance);
    return bound ?? this.#identities.of([...this.#wrappers].find((wrapper) => wrapper.instance === instance));
  }

  /** Binds all current and future instances of the modules. Can be called again for new modules. */
  scan(modules: ModulesContainer): void {
    if (this.#closed) return;
    const wrappers = [...modules.values()].flatMap(({ providers, controllers, injectables, middlewares }) =>
      [providers, controllers, injectables, middlewares].flatMap(
        (collection) => [...collection.values()] as unknown as Wrapper[],
      ),
    );
    this.#add(wrappers);
    for (const { middlewares } of modules.values()) {
      this.#watch(middlewares as unknown as Map<unknown, Wrapper>);
    }
  }

  /** Binds one instance. One made by hand has its own identity, and its own cache. */
  bind<T>(instance: T, wrapper?: Wrapper): T {
    if (this.#closed || typeof instance !== 'object' || instance === null) return instance;
    try {
      if (this.#shadows.apply(instance, wrapper && classOf(wrapper), originOf(wrapper))) {
        // Evaluated at the first call: Nest does not know earlier what the instance depends on.
        this.#shadows.identify(instance, () => this.#identities.of(wrapper));
      }
    } catch (error) {
      this.warn(
        `cannot bind an instance of ${nameOf(wrapper)}, its decorated methods run bare: ${String(error)}`,
      );
    }
    return instance;
  }

  /** Restores all instances and the container. */
  close(): void {
    this.#closed = true;
    for (const undo of this.#undo.splice(0).reverse()) undo();
    // Only instances that live as long as the app are restored; others are discarded with their request.
    for (const { instance } of this.#wrappers) this.#shadows.restore(instance);
    this.#wrappers.clear();
    this.#shadows.close();
  }

  onClose(undo: () => void): void {
    this.#undo.push(undo);
  }

  #add(wrappers: readonly Wrapper[]): void {
    const own = wrappers.filter(({ isAlias }) => !isAlias);
    // All names must be registered first: a name of two providers identifies neither.
    for (const wrapper of own) this.#identities.add(wrapper);
    for (const wrapper of own) {
      this.#hook(wrapper);
      this.#wrappers.add(wrapper);
      this.bind(wrapper.instance, wrapper);
    }
  }

  /** Nest adds middleware when it starts the server, and reads its methods before any hook runs. */
  #watch(middlewares: Map<unknown, Wrapper>): void {
    if (this.#hooked.has(middlewares)) return;
    this.#hooked.add(middlewares);
    middlewares.set = (key, wrapper) => {
      Map.prototype.set.call(middlewares, key, wrapper);
      if (!this.#closed) this.#add([wrapper]);
      return middlewares;
    };
    this.#undo.push(() => delete (middlewares as { set?: unknown }).set);
  }

  #hook(wrapper: Wrapper): void {
    const { metatype } = wrapper;
    if (metatype === null || metatype === undefined || this.#hooked.has(wrapper)) return;
    this.#hooked.add(wrapper);
    const classType = classOf(wrapper);
    if (classType && !this.#shadows.prepare(classType, originOf(wrapper))) return;
    const original = wrapper.getInstanceByContextId;
    wrapper.getInstanceByContextId = (contextId, inquirerId) => {
      const host = original.call(wrapper, contextId, inquirerId);
      if (host?.instance) this.bind(host.instance, wrapper);
      return host;
    };
    this.#undo.push(() => delete (wrapper as Partial<Wrapper>).getInstanceByContextId);
  }
}

const nameOf = (wrapper: Wrapper | undefined): string => String(wrapper?.name ?? 'a class');
