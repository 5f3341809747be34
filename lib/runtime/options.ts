import * as v from 'valibot';
import { callback, fields, flag, text } from '../core/options/index.js';
import type { OperoEventType, OperoListener } from '../core/events/index.js';
import type { StrategyDefinition } from '../core/strategy/index.js';
import type { StrategyOptions } from '../strategies/index.js';

/** Hooks of one operation: called with its events. Errors of a hook do not affect the call. */
export interface OperoHooks {
  /**
   * Called when a call has succeeded, on any attempt.
   * @default none
   */
  onSuccess?: OperoListener;
  /**
   * Called when a call has failed after all its attempts, before any fallback.
   * @default none
   */
  onFailure?: OperoListener;
  /**
   * Called when a fallback runs.
   * @default none
   */
  onFallback?: OperoListener;
  /**
   * Called when a circuit of the operation has opened, half-opened, closed or was isolated.
   * @default none
   */
  onStateChange?: OperoListener;
}

/** Options of one operation: one key per strategy. All times are in ms. */
export interface OperoOptions extends StrategyOptions, OperoHooks {
  /**
   * Name of the operation in errors, events and snapshots: a non-empty string, unique in the app.
   * @default 'Class.method'
   */
  name?: string;
  /**
   * For a route: whether its call is aborted when the client disconnects before the response. In the module's `defaults`
   * it applies to every route, also to those without a decorator.
   * @default true for GET and HEAD; false for other methods, whose work may be half done
   */
  abortOnDisconnect?: boolean;
}

/** Named options, which may extend another profile. */
export interface OperoProfile extends OperoOptions {
  /**
   * Name of the profile that this one extends.
   * @default none
   */
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

/** The listeners of each event: hooks of the operation, and those in the options of its strategies. */
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
