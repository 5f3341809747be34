import { OperoConfigurationError } from '../../core/errors/index.js';
import { linesOf, type Problem } from '../../core/options/index.js';
import type { Target } from '../../core/strategy/index.js';
import { expand, isTurnedOn, type Layer, type Operation, type OperoOptions } from '../../runtime/index.js';
import { ByOptions, differenceOf } from '../options/ad-hoc-options.js';
import { AdHocOperation, type Made } from './ad-hoc-operation.js';
import { NamedFunctions, textOf } from './named-functions.js';
import type { OperoHost } from '../host/opero.host.js';

const target: Target = {
  answers: 'promise',
  prototype: undefined,
  parameters: 0,
  fallbackArguments: new Map(),
  parameterNames: [],
  handler: false,
};

/** The state that all runs with one name share. */
interface Named {
  readonly operation: Operation;
  readonly options: OperoOptions | string;
  readonly memory: Map<string, unknown>;
  readonly functions: NamedFunctions;
}

/** The layer under a run without a name: no other run could use its cached results. */
const NAMELESS: Layer = { from: 'a run without a name', options: { cache: false, singleFlight: false } };

/** The settings of a new operation. */
interface Definition {
  readonly memory?: Map<string, unknown>;
  readonly variantOf?: Operation;
  readonly nameless?: Layer;
  readonly made: Made;
}

type Work = (...args: never[]) => unknown;

/** How many functions keep a retry budget; the least recently run are evicted. */
const MOST_FUNCTIONS = 1_000;

/** The operations of functions that are not decorated methods. */
export class AdHocOperations {
  readonly #byOptions = new ByOptions<AdHocOperation>();
  readonly #byName = new Map<string, Named>();
  readonly #profiles = new Map<string, AdHocOperation>();
  readonly #made = new WeakMap<Operation, AdHocOperation>();
  readonly #budgets = new Map<string, unknown>();
  #count = 0;

  constructor(private readonly host: OperoHost) {}

  /**
   * The operation for these options. Runs with the same name share state and counts, and each uses its own functions.
   * Runs without a name share only the retry budget of the same function.
   */
  of(options: OperoOptions | string, work: Work, kind: 'run' | 'map'): AdHocOperation {
    const functionName = work.name || (kind === 'map' ? 'map' : 'anonymous');
    if (typeof options === 'string') return this.#ofProfile(options, functionName);
    const known = this.#byOptions.of(options);
    // A constant may hold the options of many functions.
    const source = options.name === undefined ? textOf(work) : '';
    let operation = known.get(source);
    if (operation) return operation;
    operation =
      options.name === undefined
        ? this.#unnamed(options, functionName, work, kind)
        : this.#named(options.name, options, functionName);
    if (known.size >= MOST_FUNCTIONS) known.clear();
    known.set(source, operation);
    return operation;
  }

  /** Creates an operation with its own state for one function. */
  make(options: OperoOptions | string, work: Work): AdHocOperation {
    const counted = typeof options === 'string' || options.name === undefined;
    return this.#define(options, work.name || 'anonymous', { made: { counted } });
  }

  /** The ad-hoc operation of an operation, if it has one. */
  find(operation: Operation): AdHocOperation | undefined {
    return this.#made.get(operation);
  }

  #ofProfile(profile: string, functionName: string): AdHocOperation {
    let operation = this.#profiles.get(profile);
    if (!operation) {
      operation = this.#define(profile, functionName, { made: { functions: new NamedFunctions() } });
      this.#profiles.set(profile, operation);
    }
    return operation;
  }

  /** Runs with the same name share state, so their options must be equal. */
  #named(name: string, options: OperoOptions, functionName: string): AdHocOperation {
    const known = this.#byName.get(name);
    if (!known) {
      const memory = new Map<string, unknown>();
      const functions = new NamedFunctions();
      const operation = this.#define(options, functionName, { memory, made: { functions } });
      this.#byName.set(name, { operation: operation.operation, options, memory, functions });
      return operation;
    }
    const difference = differenceOf(known.options, options);
    if (difference !== undefined) {
      const problem = `${name}: name: got other options than the first run with this name (${difference}), allowed: the same`;
      throw new OperoConfigurationError([problem], name);
    }
    const { memory, functions, operation: variantOf } = known;
    return this.#define(options, functionName, { memory, variantOf, made: { functions } });
  }

  /** Runs of the same function share a retry budget, so that retries do not overload a failing dependency. */
  #unnamed(options: OperoOptions, functionName: string, work: Work, kind: 'run' | 'map'): AdHocOperation {
    this.#validateMemory(functionName, options);
    if (kind === 'run') this.#warnOfDefaults(options);
    const source = textOf(work);
    const { retry } = options;
    const isOwn = typeof retry !== 'object' || typeof retry.budget !== 'object';
    const budget = isOwn ? this.#budgets.get(source) : undefined;
    const memory = new Map<string, unknown>(budget === undefined ? [] : [['retryBudget', budget]]);
    const operation = this.#define(options, functionName, { memory, nameless: NAMELESS, made: {} });
    const made = memory.get('retryBudget');
    if (isOwn && made !== undefined) {
      this.#budgets.delete(source);
      this.#budgets.set(source, made);
      if (this.#budgets.size > MOST_FUNCTIONS) this.#budgets.delete(this.#budgets.keys().next().value!);
    }
    return operation;
  }

  /** Creates an operation. Without a name it is not listed, and is garbage collected with its function. */
  #define(
    options: OperoOptions | string,
    functionName: string,
    { memory, variantOf, nameless, made }: Definition,
  ): AdHocOperation {
    const runtime = this.host.runtime!;
    const { defaults, profiles } = this.host.layers;
    const problems: Problem[] = [];
    const layers: Layer[] = [...defaults];
    if (nameless) layers.push(nameless);
    const written: Layer[] = [];
    const isProfile = typeof options === 'string';
    if (isProfile) {
      problems.push(...profiles.check(options));
      layers.push(...profiles.layers(options));
    } else written.push({ from: 'the call', options });
    const name = isProfile ? this.#free(options) : `${functionName}#${++this.#count}`;
    const lines = linesOf(name, problems);
    if (lines.length > 0) throw new OperoConfigurationError(lines, name);
    const specification = { name, layers: [...layers, ...written], own: written, target, memory, variantOf };
    const operation = runtime.defineOrThrow(specification);
    const listed = isProfile || options.name !== undefined;
    if (!listed) runtime.forget(operation);
    const own = new AdHocOperation(operation, specification.layers, this.host, made);
    this.#made.set(operation, own);
    return own;
  }

  /** Returns a free name: each wrapped function is an operation of its own, and several may use the same profile. */
  #free(profile: string): string {
    return this.host.runtime!.operations.has(profile) ? `${profile}#${++this.#count}` : profile;
  }

  /** Throws for a strategy with state in unnamed options: a new options object per run would reset the state. */
  #validateMemory(name: string, options: OperoOptions): void {
    const lines = this.#stateful(options).map(
      (option) =>
        `${name}: ${option}: got a strategy with state in the options of one run, allowed: with a name among them, as a profile, or with wrap()`,
    );
    if (lines.length > 0) throw new OperoConfigurationError(lines, name);
  }

  #warnOfDefaults(options: OperoOptions): void {
    const { runtime, layers } = this.host;
    const inDefaults = new Set(layers.defaults.flatMap((layer) => this.#stateful(layer.options)));
    for (const option of inDefaults) {
      if (options[option] !== undefined) continue;
      runtime!.warn(
        `${option} in defaults remembers nothing for OperoService.run() with options without a name`,
      );
    }
  }

  /** Which of the options that are turned on mean nothing without a state that outlasts a run. */
  #stateful(options: OperoOptions): (keyof OperoOptions)[] {
    const { byOption } = this.host.runtime!.strategies;
    return (Object.keys(options) as (keyof OperoOptions)[]).filter((option) => {
      const definition = byOption.get(option);
      if (!definition?.isStateful || !isTurnedOn(options[option])) return false;
      // An invalid value is reported by the validation of the options.
      return definition.isStateful((expand(definition, options[option]) || {}) as object);
    });
  }
}
