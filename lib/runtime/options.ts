import * as v from 'valibot';
import { callback, fields, flag, text } from '../core/options/index.js';
import type { OperoEventType, OperoListener } from '../core/events/index.js';
import type { StrategyDefinition } from '../core/strategy/index.js';
import type { StrategyOptions } from '../strategies/index.js';

/** Told about the calls of an operation. What a hook throws, or rejects with, changes nothing. */
export interface OperoHooks {
  /** A call succeeded: the method answered, on whichever attempt. */
  onSuccess?: OperoListener;
  /** A call failed after all its attempts; a fallback may still answer. */
  onFailure?: OperoListener;
  /** A fallback answers. */
  onFallback?: OperoListener;
  /** A circuit opened, closed, was isolated, or lets calls through to see. */
  onStateChange?: OperoListener;
}

/** How the calls of one method are made: one key a strategy, all times in ms. */
export interface OperoOptions extends StrategyOptions, OperoHooks {
  /** The operation's name in errors, events and snapshots. Default `Class.method`. */
  name?: string;
  /**
   * For a route: whether a client that goes away before the answer aborts what goes on for it. Default: true for GET and
   * HEAD, whose work nobody else waits for, and false for the others, which may be half done. In the module's `defaults`
   * it holds for every route, also those without a decorator.
   */
  abortOnDisconnect?: boolean;
}

/** Options to refer to by name, which may build on another profile. */
export interface OperoProfile extends OperoOptions {
  /** The profile underneath. */
  extends?: string;
}

export const commonSchema = fields({
  name: v.optional(text()),
  abortOnDisconnect: v.optional(flag()),
  onSuccess: v.optional(callback<OperoListener>()),
  onFailure: v.optional(callback<OperoListener>()),
  onFallback: v.optional(callback<OperoListener>()),
  onStateChange: v.optional(callback<OperoListener>()),
});

/** The options that belong to no strategy. */
export type CommonOptions = v.InferOutput<typeof commonSchema>;

export const commonKeys = Object.keys(commonSchema.entries);

/** What is told of each event: hooks of the operation, and those in the options of its strategies. */
export function hooksOf(
  common: CommonOptions,
  options: ReadonlyMap<string, unknown>,
  definitions: Iterable<StrategyDefinition>,
): Partial<Record<OperoEventType, OperoListener>> {
  const hooks: Partial<Record<OperoEventType, OperoListener>> = {};
  const add = (written: unknown, places: Readonly<Record<string, readonly OperoEventType[]>>): void => {
    for (const [field, events] of Object.entries(places)) {
      const listener = (written as Readonly<Record<string, OperoListener | undefined>>)[field];
      if (listener) for (const event of events) hooks[event] = listener;
    }
  };
  add(common, { onSuccess: ['success'], onFailure: ['failure'] });
  for (const { option, hooks: own = {}, operationHooks = {} } of definitions) {
    add(common, operationHooks);
    add(options.get(option) ?? {}, own);
  }
  return hooks;
}
