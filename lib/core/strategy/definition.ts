import type * as v from 'valibot';
import type { StrategySnapshot } from '../declarations/index.js';
import type { OperoErrorCode } from '../errors/errors.js';
import type { OperoEventType } from '../events/events.js';
import type { CachingSettings } from './caching.js';
import type { Problem } from '../options/option-checks.js';
import type { Deadlines } from '../time/deadlines.js';
import type { OperationFacts, StrategyFacts, StrategyTrait } from './facts.js';
import type { Scope } from '../call/scope.js';
import type { Strategy, StrategyContext } from './strategy.js';

/** The method of an operation, against which options are validated. */
export interface Target {
  /** How the method returns, as far as it is known at boot. */
  readonly answers: 'promise' | 'observable' | 'direct' | 'unknown';
  /** The class, to look up methods named in options. */
  readonly prototype: object | undefined;
  /** The number of declared parameters. */
  readonly parameters: number;
  /** Fallback arguments declared on parameters, by index. */
  readonly fallbackArguments: ReadonlyMap<number, readonly unknown[]>;
  /** Names of the parameters, where they can be read. */
  readonly parameterNames: readonly string[];
  /** Whether the method handles requests from outside the app. */
  readonly handler: boolean;
}

/** Values that strategies share. */
export interface SharedResources {
  /** Returns the value of this key; `make` creates it at first use. */
  once<T>(key: string, make: () => T): T;
}

/** What a strategy is created with, besides its options. */
export interface CreateContext extends StrategyContext {
  readonly target: Target;
  /** Values shared by all operations of the app. */
  readonly shared: SharedResources;
  /** State of this operation, shared by all `run()` calls with its name. */
  readonly own: SharedResources;
  /** Values shared by the strategies of one set of options. */
  readonly together: SharedResources;
  /** @internal */
  readonly deadlines: Deadlines;
  /** @internal */
  readonly caching: CachingSettings;
  /** @internal The scope of work that belongs to no single call. */
  readonly root: Scope;
  /** Whether an enabled strategy of this operation has a trait. */
  has(trait: StrategyTrait): boolean;
  /** Logs a warning, once per operation and message. */
  warn(message: string): void;
}

/**
 * Defines a strategy: its place in the order, its option and how it is validated, its events, errors and snapshot, and how it
 * is created. A built-in strategy is a folder with a definition, and a line in the order.
 */
export interface StrategyDefinition<
  Option extends string = string,
  Resolved = unknown,
  S extends Strategy = Strategy,
> {
  /** Name of the strategy in `describe()`. */
  readonly name: string;
  /** Key in the options. */
  readonly option: Option;
  readonly kind: S['kind'];
  /** Name of the strategy inside this one. An app's own strategies have either `before` or `after`. */
  readonly before?: string;
  readonly after?: string;
  /**
   * Converts a short form to fields; `undefined` for anything else. Not called for `true` and `false`.
   * @default no short form
   */
  readonly shorthand?: (raw: unknown) => unknown;
  /** The allowed values, for error messages. */
  readonly allowed: string;
  /** The schema of its fields, from `checks.fields()`. */
  readonly schema: v.GenericSchema<unknown, Resolved>;
  /** Names of the events that it emits. */
  readonly events?: readonly OperoEventType[];
  /** Fields of its options that hold a listener, with the events that call it. */
  readonly hooks?: Readonly<Record<string, readonly OperoEventType[]>>;
  /** @internal Hooks beside the strategies in the options of an operation, such as `onStateChange`. */
  readonly operationHooks?: Readonly<Record<string, readonly OperoEventType[]>>;
  /** HTTP status of its errors, by code: 400 to 599. */
  readonly errors?: Readonly<Partial<Record<OperoErrorCode, number>>>;
  /** Properties that other strategies depend on. */
  readonly traits?: readonly StrategyTrait[];
  /**
   * Whether it runs even if Opero is switched off with `enabled: false`.
   * @default false
   */
  readonly staysOn?: boolean;
  /** Whether the method enables it without options. */
  readonly impliedBy?: (target: Target) => boolean;
  /**
   * Whether these fields have no effect without state that is kept between runs: then `OperoService.run()` requires a name.
   * @default () => false
   */
  readonly isStateful?: (written: Partial<Resolved>) => boolean;
  /** What its options mean for a call, for `describe()` and other strategies. */
  readonly facts?: (resolved: Resolved, target: Target) => StrategyFacts;
  /** Settings that must be equal wherever their `name` is used, by path below the option; all of them if left out. */
  readonly named?: (resolved: Resolved) => Readonly<Record<string, object>>;
  /** Returns the fields as `describe()` shows them, to hide secrets. */
  readonly describe?: (resolved: Resolved) => Readonly<Record<string, unknown>>;
  /** Validates fields together, or against the method or other strategies. Paths are below the option. */
  readonly validate?: (resolved: Resolved, target: Target, facts: OperationFacts) => Problem[];
  /** Creates the strategy; `undefined` if the options enable none here. */
  create(resolved: Resolved, context: CreateContext): S | undefined;
  /** Returns its part of the operation's snapshot. */
  snapshot?(strategy: S): StrategySnapshot;
}

/**
 * Defines a strategy: built-in, or an app's own for `OperoModule.forRoot({ strategies: [ … ] })`.
 *
 * @example
 * export const quota = defineStrategy({
 *   name: 'quota',
 *   option: 'quota',
 *   kind: 'gate',
 *   after: 'rate limit',
 *   allowed: 'a number of calls a day, false, or { perDay }',
 *   shorthand: (raw) => (typeof raw === 'number' ? { perDay: raw } : undefined),
 *   schema: checks.fields({ perDay: checks.wholeNumber(1) }),
 *   create: ({ perDay }, context) => new QuotaStrategy(perDay, context),
 * });
 */
export const defineStrategy = <const Option extends string, Resolved, S extends Strategy>(
  definition: StrategyDefinition<Option, Resolved, S>,
): StrategyDefinition<Option, Resolved, S> => definition;
