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

/** What a definition may check an option against: the method it stands on. */
export interface Target {
  /** How the method answers, as far as it can be told at boot. */
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

/** What strategies share within one app. */
export interface SharedResources {
  /** One instance for all who ask with the same key. */
  once<T>(key: string, make: () => T): T;
}

/** Everything a strategy is made from, besides its own options. */
export interface CreateContext extends StrategyContext {
  readonly target: Target;
  /** What all operations of the app share. Keys of built-in strategies begin with their option. */
  readonly shared: SharedResources;
  /** State of this operation: runs by hand that have one name share it, whatever functions each of them brings. */
  readonly own: SharedResources;
  /** What the strategies that are made from one set of options share with each other, its functions included. */
  readonly together: SharedResources;
  /** @internal */
  readonly deadlines: Deadlines;
  /** @internal */
  readonly caching: CachingSettings;
  /** @internal Where work runs that belongs to no single call. */
  readonly root: Scope;
  /** Whether a strategy that is on in this operation has a trait. */
  has(trait: StrategyTrait): boolean;
  /** Logs a warning, once per operation and message. */
  warn(message: string): void;
}

/**
 * All there is to know of a strategy: where it stands in the order, how its option is written and checked, what it tells,
 * and how it is made. A strategy is one folder with such a definition, and one line in the order.
 */
export interface StrategyDefinition<
  Option extends string = string,
  Resolved = unknown,
  S extends Strategy = Strategy,
> {
  /** Its name in `describe()`. */
  readonly name: string;
  /** The key in the options. Two places may share one option. */
  readonly option: Option;
  readonly kind: S['kind'];
  /** The strategy that it stands next to, by name; only for strategies of an app's own, which give one of both. */
  readonly before?: string;
  readonly after?: string;
  /** What a short form means, as fields; `undefined` for what is none. `true` and `false` never come here. Default: none. */
  readonly shorthand?: (raw: unknown) => unknown;
  /** What may be written, for messages. */
  readonly allowed: string;
  /** The fields of its options: made by `fields()` of {@link checks}. */
  readonly schema: v.GenericSchema<unknown, Resolved>;
  /** The events it emits. Default: none. */
  readonly events?: readonly OperoEventType[];
  /** Fields of its options that hold a listener, with the events that each is called at. */
  readonly hooks?: Readonly<Record<string, readonly OperoEventType[]>>;
  /** The same for hooks that stand beside the strategies, as `onStateChange`. */
  readonly operationHooks?: Readonly<Record<string, readonly OperoEventType[]>>;
  /** The HTTP status that each of its errors is answered with, by code. */
  readonly errors?: Readonly<Partial<Record<OperoErrorCode, number>>>;
  /** What it does that other strategies go by. */
  readonly traits?: readonly StrategyTrait[];
  /** Whether it stays when Opero is switched off with `enabled: false`. Default false. */
  readonly staysOn?: boolean;
  /** Whether it is on without being written, for a method that asks for it. */
  readonly impliedBy?: (target: Target) => boolean;
  /**
   * Whether options mean nothing without a state that outlasts a run: such a run by hand needs a name. Given are the fields
   * as they were written. Default: false.
   */
  readonly isStateful?: (written: Partial<Resolved>) => boolean;
  /** What its options say of a call. */
  readonly facts?: (resolved: Resolved, target: Target) => StrategyFacts;
  /** Settings that must be equal wherever their `name` is used, by path below the option. Default: all, under ''. */
  readonly named?: (resolved: Resolved) => Readonly<Record<string, object>>;
  /** The fields as `describe()` shows them, where that is not as they are: without secrets. */
  readonly describe?: (resolved: Resolved) => Readonly<Record<string, unknown>>;
  /** Checks that need more than one field, the method, or what the other strategies say. */
  readonly validate?: (resolved: Resolved, target: Target, facts: OperationFacts) => Problem[];
  /** The strategy, or `undefined` when these options ask for none in this place. */
  create(resolved: Resolved, context: CreateContext): S | undefined;
  /** What it tells in the operation's snapshot; nothing without. */
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
