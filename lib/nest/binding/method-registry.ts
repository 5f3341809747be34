import { OperoConfigurationError } from '../../core/errors/index.js';
import { linesOf, unknownName, type Problem } from '../../core/options/index.js';
import { Call, enclosingScope, type CallIdentity } from '../../core/call/index.js';
import type { PrincipalFunction } from '../../core/strategy/index.js';
import {
  Profiles,
  type Layer,
  type Operation,
  type OperationSpecification,
  type OperoRuntime,
} from '../../runtime/index.js';
import type { ResolvedMap } from '../../map/index.js';
import { bareMethod, type AnyMethod } from '../metadata/undecorated-methods.js';
import { BoundMethod, classNameOf } from './bound-method.js';
import { boundCall } from './bound-call.js';
import { declaredLayers, ownName } from './declared-layers.js';
import { validateNoCircle } from './fallback-circles.js';
import type { DecoratedMethod } from '../metadata/decorated-methods.js';
import { resolveMap } from '../metadata/map-metadata.js';
import { targetOf, validateReturnType } from '../metadata/method-target.js';
import type { OperoModuleOptions } from '../options/module-options.js';
import { ownershipOf } from '../edge/principals.js';
import { answersItself, getsResponse, validateRoute } from './routes.js';
import { boundIdentityOf } from './shadow-prototypes.js';
import type { BoundCall, OwnerClass, ShadowHost } from './shadow-host.js';

/** The resolved options of an app. */
export interface Configuration {
  readonly runtime: OperoRuntime;
  readonly options: OperoModuleOptions;
  readonly profiles: Profiles;
}

/** What a run over many items needs of a bound method. */
export interface MapBinding {
  readonly operation: Operation;
  readonly runtime: OperoRuntime;
  readonly options: ResolvedMap;
  readonly identity: CallIdentity | undefined;
  /** The current method of the class. */
  readonly method: () => AnyMethod;
}

/** All decorated methods of an app and their operations. */
export class MethodRegistry implements ShadowHost {
  readonly #bindings: BoundMethod[] = [];
  readonly #byPrototype = new Map<object, BoundMethod[]>();
  readonly #problems: string[] = [];
  #configuration: Configuration | undefined;

  constructor(private readonly warn: (message: string) => void) {}

  /** The problems of the app's decorators, one line each. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  /** Applies the options: from now on methods run through their operations. */
  configure(configuration: Configuration): void {
    this.#configuration = configuration;
    for (const binding of this.#bindings) this.#define(binding, configuration);
  }

  /** The operation of a method of a class; `undefined` if it is not decorated. */
  find(prototype: object, key: PropertyKey): Operation | undefined {
    return this.#find(prototype, key)?.operation;
  }

  /** The operation of a handler as passed by Nest: a bound method, or the one on the class. */
  findHandler(prototype: object, handler: object): Operation | undefined {
    return this.#byPrototype
      .get(prototype)
      ?.find(
        ({ decorated: { key, method } }) => method === handler || key === (handler as { name?: string }).name,
      )?.operation;
  }

  /** The map settings of an instance's `@OpMap` method; `undefined` if it is none. */
  mapBinding(instance: object, key: PropertyKey): MapBinding | undefined {
    const prototype = Object.getPrototypeOf(Object.getPrototypeOf(instance) as object) as object;
    const binding = this.#find(prototype, key);
    if (binding?.problem) throw binding.problem;
    if (!binding?.map || !binding.operation) return undefined;
    const { operation, map, decorated } = binding;
    const method = () =>
      bareMethod(((prototype as Record<PropertyKey, unknown>)[key] ?? decorated.method) as AnyMethod);
    const { runtime } = this.#configuration!;
    const identity = binding.whose(boundIdentityOf(instance));
    return { operation, runtime, options: map, identity, method };
  }

  /** Checks the names in the module's `operations`. */
  unknownOperations(where: string): string[] {
    const { options, runtime } = this.#configuration!;
    const known = [...runtime.operations.keys()];
    return Object.keys(options.operations ?? {})
      .filter((name) => !known.includes(name) && !this.#bindings.some((binding) => binding.name === name))
      .map((name) => `${where}: operations.${name}: ${unknownName(name, known)}`);
  }

  /**
   * The identities under which an operation may have cache entries: those of `instances`, and without `only` those of
   * all singletons that called it; `undefined` if it runs no decorated method.
   */
  identitiesOf(
    operation: Operation,
    instances: readonly unknown[],
    only = false,
  ): ReadonlySet<CallIdentity | undefined> | undefined {
    const binding = this.#bindings.find((candidate) => candidate.operation === operation);
    if (!binding) return undefined;
    const identities = new Set<CallIdentity | undefined>(only ? [] : binding.identities);
    for (const instance of instances) {
      // An entry may be older than this process, so the instance counts even if it was not called yet.
      if (isBoundTo(instance, binding.owner.prototype))
        identities.add(binding.whose(boundIdentityOf(instance)));
    }
    return identities;
  }

  #find(prototype: object, key: PropertyKey): BoundMethod | undefined {
    return this.#byPrototype.get(prototype)?.find(({ decorated }) => decorated.key === key);
  }

  bindMethod(owner: OwnerClass, decorated: DecoratedMethod): BoundCall {
    const target = targetOf(owner.prototype, decorated.declaredOn, decorated.key, decorated.method);
    const binding = new BoundMethod(owner, decorated, target);
    this.#bindings.push(binding);
    const ofClass = this.#byPrototype.get(owner.prototype);
    if (ofClass) ofClass.push(binding);
    else this.#byPrototype.set(owner.prototype, [binding]);
    if (this.#configuration) this.#define(binding, this.#configuration);
    return boundCall(binding, () => this.#configuration?.runtime, this.warn);
  }

  isRunning(self: object, prototype: object, key: PropertyKey): boolean {
    const operation = this.find(prototype, key);
    if (!operation) return false;
    for (let scope = enclosingScope(); scope; scope = scope.owner ?? scope.origin) {
      if (scope instanceof Call && scope.operation === operation && scope.invocation.self === self)
        return true;
    }
    return false;
  }

  report(owner: OwnerClass, key: string, message: string): void {
    this.#problems.push(
      `${[classNameOf(owner), key].filter(Boolean).join('.')}${inModule(owner)}: ${message}`,
    );
  }

  #define(binding: BoundMethod, { runtime, options, profiles }: Configuration): void {
    const problems: Problem[] = [];
    const { layers, own } = declaredLayers(binding.decorated, options.defaults, profiles, problems);
    const name = this.#nameOf(binding, runtime);
    const last = options.operations?.[ownName(own) ?? name];
    if (last === false) layers.length = 0;
    if (last) layers.push({ from: 'operations', options: last });
    const { decorated, owner } = binding;
    const byHand = answersItself(owner.classType, decorated);
    const warn = (reason: string) => this.warn(`${binding.name} ${reason}`);
    problems.push(...validateReturnType(decorated));
    problems.push(...validateRoute(decorated.method, byHand, layers, warn));
    const specification: OperationSpecification = { name, layers, own, target: binding.target };
    binding.operation = runtime.define(specification, problems);
    problems.push(...validateNoCircle(String(decorated.key), (key) => this.find(owner.prototype, key)));
    if (binding.operation) this.#own(binding, layers, options.cache?.principal, problems);
    binding.map = resolveMap(binding.decorated, problems);
    if (problems.length === 0) return;
    const lines = linesOf(`${binding.name}${inModule(binding.owner)}`, problems);
    this.#problems.push(...lines);
    binding.problem = new OperoConfigurationError(lines, binding.name);
  }

  #own(
    binding: BoundMethod,
    layers: readonly Layer[],
    principal: PrincipalFunction | undefined,
    problems: Problem[],
  ): void {
    const operation = binding.operation!;
    if (!operation.optionsOf('cache') && !operation.optionsOf('singleFlight')) return;
    const { handler } = binding.target;
    const ownership = ownershipOf({ handler, options: operation.options, layers, principal });
    binding.principal = ownership.principal;
    binding.getsResponse = getsResponse(binding.owner.classType, binding.decorated);
    problems.push(...ownership.problems);
    if (!binding.sharesByName) return;
    for (const other of this.#bindings) {
      if (other.name !== binding.name || other.owner.prototype === binding.owner.prototype) continue;
      if (other.sharesByName) for (const one of [binding, other]) one.keepHere();
    }
  }

  /** Adds the module to the name if two classes have the same one. */
  #nameOf(binding: BoundMethod, runtime: OperoRuntime): string {
    if (!runtime.operations.has(binding.name)) return binding.name;
    const longer = `${binding.owner.origin}/${binding.name}`;
    return runtime.operations.has(longer) ? `${longer}#${this.#bindings.indexOf(binding)}` : longer;
  }
}

function isBoundTo(instance: unknown, prototype: object): instance is object {
  if (typeof instance !== 'object' || instance === null) return false;
  const shadow = Object.getPrototypeOf(instance) as object | null;
  return shadow !== null && Object.getPrototypeOf(shadow) === prototype;
}

const inModule = ({ origin }: OwnerClass): string => (origin ? ` (${origin})` : '');
