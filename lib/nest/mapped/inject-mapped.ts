import { Inject } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import { OperoConfigurationError } from '../../core/errors/index.js';
import { show } from '../../core/options/index.js';
import { asTheyAre, manyForm } from './mapped-methods.js';
import type { Wrapper } from '../binding/wrapper.js';

/** A class or an abstract class. */
type ServiceClass = abstract new (...args: never[]) => unknown;

/** The services injected with {@link InjectMapped}, and their tokens. */
export const mappedTokens = new Map<ServiceClass, symbol>();

/** Objects created by this file. A test may replace them by others. */
const views = new WeakSet<object>();

/**
 * Returns the injection token of {@link InjectMapped}, to override it in tests.
 *
 * @throws OperoConfigurationError if `service` is no class
 * @example
 * Test.createTestingModule({ imports: [AppModule] })
 *   .overrideProvider(getMappedToken(Pages))
 *   .useValue({ fetchPage: async () => [] });
 */
export function getMappedToken(service: ServiceClass): symbol {
  if (typeof service !== 'function') {
    const problem =
      `@InjectMapped(): got ${show(service)}, allowed: a class; undefined is one of a file that imports this one ` +
      'in a circle';
    throw new OperoConfigurationError([problem]);
  }
  let token = mappedTokens.get(service);
  if (!token) mappedTokens.set(service, (token = Symbol(`mapped ${service.name}`)));
  return token;
}

/**
 * Injects the many-items form of a service that lives as long as the app. The boot fails if no module provides it.
 *
 * @throws OperoConfigurationError if `service` is no class
 * @example
 * @Injectable()
 * class Crawler {
 *   constructor(@InjectMapped(Pages) private readonly pages: Mapped<Pages>) {}
 * }
 */
export function InjectMapped(service: ServiceClass): ParameterDecorator & PropertyDecorator {
  return Inject(getMappedToken(service));
}

/**
 * The many-items form of a service that is looked up at the first use. Does not throw for unknown names, because Nest
 * reads lifecycle hooks and `then` from every provider.
 */
export function mappedLater(type: ServiceClass, find: () => object): object {
  const made = new Proxy(
    {},
    {
      get: (target, key) => {
        if (typeof key !== 'string' || notMapped.has(key) || key in target)
          return Reflect.get(target, key) as unknown;
        return manyForm(find(), key, type, asTheyAre);
      },
    },
  );
  views.add(made);
  return made;
}

/** Names that Nest and the language read from objects. */
const notMapped = new Set([
  'then', 'toJSON', 'onModuleInit', 'onModuleDestroy', 'onApplicationBootstrap',
  'onApplicationShutdown', 'beforeApplicationShutdown', 'ngOnDestroy', 'configure',
]); // prettier-ignore

/** The services injected with {@link InjectMapped} that cannot be, one line each. */
export function missingMapped(modules: ModulesContainer): string[] {
  const all = [...modules.values()];
  const wrappers = all.flatMap(({ providers, controllers, injectables }) =>
    [providers, controllers, injectables].flatMap((map) => [...map.values()]),
  ) as unknown as Wrapper[];
  const problems = new Set<string>();
  for (const [service, token] of mappedTokens) {
    const view = wrappers.find((wrapper) => wrapper.token === token)?.instance;
    if (typeof view !== 'object' || view === null || !views.has(view)) continue;
    const users = wrappers.filter((wrapper) => injects(wrapper, token));
    const provider = wrappers.find((wrapper) => wrapper.token === service);
    const given = provider
      ? !provider.isTransient && provider.isDependencyTreeStatic()
        ? undefined
        : `${service.name}, which is made anew for each request or consumer`
      : `${service.name}, which no module provides`;
    if (given === undefined) continue;
    for (const user of users)
      problems.add(
        `${nameOf(user)}: @InjectMapped(${service.name}): got ${given}, allowed: ` +
          'a provider of the app that lives as long as it, or an override of getMappedToken() in tests',
      );
  }
  return [...problems];
}

/** Metadata keys under which Nest keeps injected parameters and properties. */
const PARAMETERS = 'self:paramtypes';
const PROPERTIES = 'self:properties_metadata';

function injects({ metatype, inject }: Wrapper, token: symbol): boolean {
  if (Array.isArray(inject))
    return inject.some((entry) => entry === token || (entry as { token?: unknown } | null)?.token === token);
  if (typeof metatype !== 'function') return false;
  const parameters = (Reflect.getMetadata(PARAMETERS, metatype) ?? []) as { param?: unknown }[];
  const properties = (Reflect.getMetadata(PROPERTIES, metatype) ?? []) as { type?: unknown }[];
  return parameters.some(({ param }) => param === token) || properties.some(({ type }) => type === token);
}

function nameOf({ metatype, token }: Wrapper): string {
  const name = (metatype as { name?: unknown } | null)?.name;
  return typeof name === 'string' && name !== '' ? name : String(token);
}
