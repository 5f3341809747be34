export { OperoHealthIndicator } from './opero.health.js';
export type { OperationHealth, OperoHealthOptions } from './operation-health.js';
