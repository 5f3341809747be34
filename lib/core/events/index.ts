export {
  type OperationCounts,
  type OperoEvent,
  OperoEvents,
  type OperoEventType,
  type OperoListener,
  pipelineEvents,
} from './events.js';
export { type EventDetail, type EventSource, Monitor, type StrategyMonitor } from './monitor.js';
