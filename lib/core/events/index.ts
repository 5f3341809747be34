export {
  type OperationCounts,
  type OperoEvent,
  OperoEvents,
  type OperoEventType,
  type OperoListener,
} from './events.js';
export { type EventSource, Monitor } from './monitor.js';
