import { ModuleRef, ModulesContainer } from '@nestjs/core';
import type { OperoModuleOptions } from '../options/module-options.js';
import { OperoHost } from '../host/opero.host.js';

/** Injection token of the module's options. */
export const OPERO_OPTIONS = Symbol('OPERO_OPTIONS');

/** One host per app: two apps of a process may use the same `forRoot()`. */
const hosts = new WeakMap<ModulesContainer, OperoHost>();

/** The host of the app with these modules. */
export function hostFor(modules: ModulesContainer): OperoHost {
  let host = hosts.get(modules);
  if (!host) hosts.set(modules, (host = new OperoHost()));
  return host;
}

/** The modules of the app; `undefined` while the container is not ready. */
export function modulesOf(reference: ModuleRef): ModulesContainer | undefined {
  try {
    return reference.get(ModulesContainer, { strict: false }) ?? undefined;
  } catch {
    return undefined;
  }
}

/**
 * A factory without dependencies runs before every provider that has one, so that calls made during boot are bound.
 * Nest calls it as a method of its wrapper, which leads to the container. This is not documented by Nest: if it
 * changes, the constructor of the lifecycle does the same a little later.
 */
export function attachEarly(options: OperoModuleOptions | undefined) {
  return async function (this: EarlyWrapper | undefined): Promise<boolean> {
    const reference = this?.host?.providers?.get(ModuleRef)?.instance;
    if (!reference) return false;
    for (let turn = 0; turn < 5; turn++, await Promise.resolve()) {
      const modules = modulesOf(reference);
      if (!modules) continue;
      const host = hostFor(modules);
      host.attach(modules);
      if (options) host.configure(options);
      return true;
    }
    return false;
  };
}

interface EarlyWrapper {
  readonly host?: { readonly providers?: Map<unknown, { readonly instance?: ModuleRef }> };
}
