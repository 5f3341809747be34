import {
  Module,
  type DynamicModule,
  type FactoryProvider,
  type OnModuleInit,
  type Provider,
  type Type,
} from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { OperoConfigurationError } from '../../core/errors/index.js';
import type { OperoProfile } from '../../runtime/index.js';
import { modulesOf, OPERO_OPTIONS } from './bootstrap.js';
import { buildModule } from './build-module.js';
import { FeatureProfiles } from '../options/feature-profiles.js';
import { validateAsync, validateFeature } from '../options/module-arguments.js';
import type { OperoModuleOptions } from '../options/module-options.js';

/** Creates the module's options, for `useClass` and `useExisting`. */
export interface OperoOptionsFactory {
  createOperoOptions(): OperoModuleOptions | Promise<OperoModuleOptions>;
}

/** The source of the options for `forRootAsync`: exactly one of `useFactory`, `useClass` and `useExisting`. */
export interface OperoModuleAsyncOptions {
  /** Strategies of the app's own, which are known at once; see `forRoot`. */
  strategies?: OperoModuleOptions['strategies'];
  imports?: DynamicModule['imports'];
  inject?: FactoryProvider['inject'];
  useFactory?: (...args: any[]) => OperoModuleOptions | Promise<OperoModuleOptions>;
  useClass?: Type<OperoOptionsFactory>;
  useExisting?: Type<OperoOptionsFactory>;
}

/** Throws if `forRoot()` is missing: without it nothing would be bound, silently. */
function validateRoot(reference: ModuleRef, given: string): void {
  const modules = modulesOf(reference);
  if (!modules || [...modules.values()].some(({ providers }) => providers.has(OPERO_OPTIONS))) return;
  throw new OperoConfigurationError([
    `${given} and no forRoot() in the app, allowed: with OperoModule.forRoot() or forRootAsync(), once, in the root module`,
  ]);
}

@Module({})
class FeatureModule implements OnModuleInit {
  constructor(private readonly reference: ModuleRef) {
    this.onModuleInit();
  }

  onModuleInit(): void {
    validateRoot(this.reference, 'OperoModule: got forFeature()');
  }
}

/**
 * Binds the decorated methods of an app. Import it once, in the root module. It is global and needs no options.
 *
 * @example
 * @Module({ imports: [OperoModule.forRoot({ defaults: { timeout: seconds(5) } })] })
 * export class AppModule {}
 */
@Module({})
export class OperoModule implements OnModuleInit {
  /** @internal Created by Nest. */
  constructor(private readonly reference: ModuleRef) {
    this.onModuleInit();
  }

  /** @internal Checks again, because the container may not have been ready before. */
  onModuleInit(): void {
    validateRoot(this.reference, 'OperoModule: got the class itself in imports');
  }

  /**
   * Configures Opero with static options.
   *
   * @throws OperoConfigurationError at boot, with all problems in the app's options and decorators
   * @example
   * @Module({ imports: [OperoModule.forRoot({ profiles: { payments: { retry: 2, timeout: seconds(3) } } })] })
   * export class AppModule {}
   */
  static forRoot(options: OperoModuleOptions = {}): DynamicModule {
    const provider = { provide: OPERO_OPTIONS, useValue: options };
    return buildModule({ module: OperoModule, options: provider, known: options });
  }

  /**
   * Configures Opero with options from other providers. Calls made before these exist run without strategies, with a
   * warning.
   *
   * @throws OperoConfigurationError if there is not exactly one source of options; at boot as with `forRoot`
   * @example
   * OperoModule.forRootAsync({
   *   inject: [ConfigService],
   *   useFactory: (config: ConfigService) => ({ defaults: { retry: config.get<number>('RETRIES', 3) } }),
   * });
   */
  static forRootAsync(options: OperoModuleAsyncOptions): DynamicModule {
    validateAsync(options);
    const { strategies, imports = [], inject = [], useFactory, useClass, useExisting } = options;
    const source = useClass ?? useExisting;
    const provider: Provider = source
      ? {
          provide: OPERO_OPTIONS,
          inject: [source],
          useFactory: (factory: OperoOptionsFactory) => factory.createOperoOptions(),
        }
      : { provide: OPERO_OPTIONS, inject, useFactory: useFactory! };
    const providers = useClass ? [useClass] : [];
    return buildModule({ module: OperoModule, options: provider, imports, providers, strategies });
  }

  /**
   * Adds profiles from a feature module. They can be used anywhere in the app.
   *
   * @throws OperoConfigurationError for invalid profiles
   * @example
   * @Module({ imports: [OperoModule.forFeature({ profiles: { search: { cache: minutes(1) } } })] })
   * export class SearchModule {}
   */
  static forFeature(options: { profiles: Record<string, OperoProfile> }): DynamicModule {
    validateFeature(options);
    class OperoFeatureModule extends FeatureModule {}
    Module({})(OperoFeatureModule);
    const profiles = new FeatureProfiles(options.profiles);
    return { module: OperoFeatureModule, providers: [{ provide: FeatureProfiles, useValue: profiles }] };
  }
}
