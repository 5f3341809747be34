import { ModuleRef, ModulesContainer } from '@nestjs/core';
import type { OperoModuleOptions } from '../options/module-options.js';
import { OperoHost } from '../host/opero.host.js';

/** The token of the module's options. */
export const OPERO_OPTIONS = Symbol('OPERO_OPTIONS');

/** One host per app: `forRoot()` may be written once and used by two apps of one process. */
const hosts = new WeakMap<ModulesContainer, OperoHost>();

/** The host of the app that these modules belong to. */
export function hostFor(modules: ModulesContainer): OperoHost {
  let host = hosts.get(modules);
  if (!host) hosts.set(modules, (host = new OperoHost()));
  return host;
}

/** The modules of the app; `undefined` while the container is not ready to tell. */
export function modulesOf(reference: ModuleRef): ModulesContainer | undefined {
  try {
    return reference.get(ModulesContainer, { strict: false }) ?? undefined;
  } catch {
    return undefined;
  }
}

/**
 * A factory without dependencies runs before every provider that has one, so that calls made while the app boots are
 * bound too. Nest calls it on its wrapper, which leads to the container; the container itself is there some turns
 * later. None of that is promised by Nest: the explorer's constructor does the same, a little later.
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
