import type * as v from 'valibot';
import type { CachingSettings } from './caching.js';
import type { Problem } from '../options/option-checks.js';
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
  readonly shared: SharedResources;
  /** State of this operation: runs by hand that have one name share it, whatever functions each of them brings. */
  readonly own: SharedResources;
  /** What the strategies that are made from one set of options share with each other, its functions included. */
  readonly together: SharedResources;
  readonly caching: CachingSettings;
  /** Where work runs that belongs to no single call. */
  readonly root: Scope;
  /** Whether the operation uses another option. */
  enabled(option: string): boolean;
  /** Logs a warning, once per operation and message. */
  warn(message: string): void;
}

/** A strategy's place in the order: how its option is written, checked, and turned into a strategy. */
export interface StrategyDefinition<Option extends string = string, Raw = unknown, Resolved = unknown> {
  /** Its name in `describe()`. */
  readonly name: string;
  /** The key in the options. Two places may share one option. */
  readonly option: Option;
  /** What a short form means, as fields; `undefined` for what is none. `true` and `false` never come here. */
  readonly shorthand: (raw: unknown) => unknown;
  /** What may be written, for messages. */
  readonly allowed: string;
  readonly schema: v.GenericSchema<unknown, Resolved>;
  /** Checks that need more than one field, or the method. */
  readonly validate?: (
    resolved: Resolved,
    target: Target,
    /** All options of the operation, by key. */
    others: Readonly<Record<string, any>>,
  ) => Problem[];
  /** The strategy, or `undefined` when these options ask for none in this place. */
  create(resolved: Resolved, context: CreateContext): Strategy | undefined;
  /** @internal Carries the type of what may be written. */
  readonly raw?: Raw;
}

/** Keeps the literal types of a definition. */
export const defineStrategy = <Option extends string, Raw, Resolved>(
  definition: StrategyDefinition<Option, Raw, Resolved>,
): StrategyDefinition<Option, Raw, Resolved> => definition;
