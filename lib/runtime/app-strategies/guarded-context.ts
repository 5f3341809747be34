import type { EventDetail, EventSource, OperoEventType, StrategyMonitor } from '../../core/events/index.js';
import type { CreateContext, SharedResources, StrategyDefinition } from '../../core/strategy/index.js';

/** The context of an app's strategy: its keys cannot meet those of other strategies, nor can it emit their events. */
export const guardedContext = (
  { option, events = [] }: StrategyDefinition,
  context: CreateContext,
): CreateContext => ({
  ...context,
  shared: prefixed(option, context.shared),
  own: prefixed(option, context.own),
  together: prefixed(option, context.together),
  monitor: guardedMonitor(option, events, context),
});

const prefixed = (option: string, resources: SharedResources): SharedResources => ({
  once: (key, make) => resources.once(`${option} ${key}`, make),
});

function guardedMonitor(
  option: string,
  events: readonly OperoEventType[],
  { monitor, warn }: CreateContext,
): StrategyMonitor {
  return {
    operation: monitor.operation,
    emit(type: OperoEventType, source: EventSource, detail?: EventDetail): void {
      const call = sourceOf(source);
      if (call && events.includes(type)) return monitor.emit(type, call, detail);
      const got = call
        ? `'${type}', allowed: its events, ${events.join(', ') || 'of which it has none'}`
        : 'no call as its source';
      warn(`lost an event of ${option}: emit() got ${got}`);
    },
    callbackFailed(name: string, consequence: string, source: EventSource, error: unknown): void {
      const call = sourceOf(source);
      if (call) monitor.callbackFailed(name, consequence, call, error);
      else warn(`${name} failed, ${consequence}: callbackFailed() got no call as its source`);
    },
  };
}

/** The call of what was given: an attempt is taken for its call. */
function sourceOf(source: unknown): EventSource | undefined {
  const { call = source, within } = (source ?? {}) as { call?: unknown; within?: unknown };
  const found = call as EventSource | undefined;
  return typeof (found?.within ?? within) === 'function' ? found : undefined;
}
