import type { DynamicModule, Provider, Type } from '@nestjs/common';
import { APP_INTERCEPTOR, ModuleRef } from '@nestjs/core';
import { OperoHost } from '../host/opero.host.js';
import { mappedLater, mappedTokens } from '../mapped/inject-mapped.js';
import type { OperoModuleOptions } from '../options/module-options.js';
import { OperoService } from '../service/opero.service.js';
import { attachEarly, hostFor, modulesOf, OPERO_OPTIONS } from './bootstrap.js';
import { OperoLifecycle } from './lifecycle.js';
import { OperoInterceptor } from './opero.interceptor.js';

const OPERO_EARLY = Symbol('OPERO_EARLY');

/** What the module is made from. */
interface ModuleParts {
  readonly module: Type;
  /** Provides the module's options. */
  readonly options: Provider;
  /** The options, if they are known before the app is created. */
  readonly known?: OperoModuleOptions;
  readonly imports?: DynamicModule['imports'];
  readonly providers?: Provider[];
  /** Strategies that `forRootAsync` was given beside the source of the options. */
  readonly strategies?: OperoModuleOptions['strategies'];
}

export function buildModule({
  module,
  options,
  known,
  imports,
  providers: more,
  strategies,
}: ModuleParts): DynamicModule {
  const where = known === undefined ? 'forRootAsync' : 'forRoot';
  const providers: Provider[] = [
    { provide: OPERO_EARLY, useFactory: attachEarly(known) },
    ...(more ?? []),
    options,
    {
      provide: OperoHost,
      inject: [ModuleRef],
      useFactory: (reference: ModuleRef) => hostFor(modulesOf(reference)!),
    },
    {
      provide: OperoLifecycle,
      inject: [ModuleRef, OperoHost, OPERO_OPTIONS],
      useFactory: (reference: ModuleRef, host: OperoHost, given: OperoModuleOptions) =>
        new OperoLifecycle(reference, host, withStrategies(given, strategies), where),
    },
    OperoService,
    { provide: APP_INTERCEPTOR, useClass: OperoInterceptor },
  ];
  return {
    module,
    global: true,
    imports: imports ?? [],
    // Evaluated when the app is created: by then all classes that inject a mapped service are loaded.
    get providers() {
      return [...providers, ...mappedProviders()];
    },
    get exports() {
      return [OperoService, OperoHost, ...mappedTokens.values()];
    },
  };
}

/** Strategies given to `forRootAsync` come before those that its factory returns. */
function withStrategies(
  options: OperoModuleOptions,
  strategies: OperoModuleOptions['strategies'],
): OperoModuleOptions {
  if (strategies === undefined) return options;
  const { strategies: more = [] } = options;
  return { ...options, strategies: [...strategies, ...more] };
}

function mappedProviders(): Provider[] {
  return [...mappedTokens].map(([service, token]) => ({
    provide: token,
    inject: [ModuleRef],
    useFactory: (reference: ModuleRef) =>
      mappedLater(service, () => reference.get<object>(service, { strict: false })),
  }));
}
