import type { ModulesContainer } from '@nestjs/core';
import type { CallIdentity } from '../../core/call/index.js';
import { Identities } from './identities.js';
import { ShadowPrototypes } from './shadow-prototypes.js';
import type { ShadowHost } from './shadow-host.js';
import { classOf, originOf, type Wrapper } from './wrapper.js';

/**
 * Binds every decorated method of one app: whatever the container hands out, whenever and in whichever scope, gets a
 * prototype on which those methods run through their operations. The classes stay as they are.
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

  /** Everything that lives as long as the app. */
  instances(): unknown[] {
    return [...this.#wrappers].map(({ instance }) => instance);
  }

  /** Whose state an object uses: its provider's, if that lives as long as the app, else its own. */
  identityOf(instance: object): CallIdentity {
    const bound = this.#shadows.identityOf(instance);
    return bound ?? this.#identities.of([...this.#wrappers].find((wrapper) => wrapper.instance === instance));
  }

  /** Binds what the modules have now and will hand out later. Repeated, it adds what is new. */
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

  /** Binds one instance. One made by hand belongs to nobody else: its cache is its own. */
  bind<T>(instance: T, wrapper?: Wrapper): T {
    if (this.#closed || typeof instance !== 'object' || instance === null) return instance;
    try {
      if (this.#shadows.apply(instance, wrapper && classOf(wrapper), originOf(wrapper))) {
        // Asked at the first call: before, Nest does not know yet what the instance depends on.
        this.#shadows.identify(instance, () => this.#identities.of(wrapper));
      }
    } catch (error) {
      this.warn(
        `cannot bind an instance of ${nameOf(wrapper)}, its decorated methods run bare: ${String(error)}`,
      );
    }
    return instance;
  }

  /** Undoes everything: the app leaves no trace on classes, instances or the container. */
  close(): void {
    this.#closed = true;
    for (const undo of this.#undo.splice(0).reverse()) undo();
    // What lives as long as the app gets its own prototype back; the rest goes with its request.
    for (const { instance } of this.#wrappers) this.#shadows.restore(instance);
    this.#wrappers.clear();
    this.#shadows.close();
  }

  onClose(undo: () => void): void {
    this.#undo.push(undo);
  }

  #add(wrappers: readonly Wrapper[]): void {
    const own = wrappers.filter(({ isAlias }) => !isAlias);
    // All names first: one that two providers have identifies neither of them.
    for (const wrapper of own) this.#identities.add(wrapper);
    for (const wrapper of own) {
      this.#hook(wrapper);
      this.#wrappers.add(wrapper);
      this.bind(wrapper.instance, wrapper);
    }
  }

  /** Nest adds middleware when it starts the server, and takes its methods before any hook runs. */
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
