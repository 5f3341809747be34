/**
 * The types of strategies, by option, added by declaration merging: the values of the option, and the names of events, codes
 * of errors and snapshot, if any. Declared beside the strategy:
 *
 * @example
 * declare module 'nestjs-opero' {
 *   interface OperoStrategies {
 *     quota: { options: number | QuotaOptions; events: 'quota-refusal'; errors: 'QUOTA_SPENT'; snapshot: { left: number } };
 *   }
 * }
 */
export interface OperoStrategies {}

type Option = keyof OperoStrategies;

/** Names of the events of all strategies. */
export type DeclaredEvent = {
  [O in Option]: OperoStrategies[O] extends { events: infer E extends string } ? E : never;
}[Option];

/** Codes of the errors of all strategies. */
export type DeclaredErrorCode = {
  [O in Option]: OperoStrategies[O] extends { errors: infer E extends string } ? E : never;
}[Option];

/** A strategy's part of the snapshot of an operation. It may be public: without arguments, results or messages. */
export interface StrategySnapshot {
  /**
   * Whether every attempt is rejected now. A health check then reports the operation as `open`.
   * @default false
   */
  readonly rejecting?: boolean;
  /** What it permits now, where it finds that by itself. A health check tells it. */
  readonly limit?: number;
  readonly [field: string]: unknown;
}

/** The snapshots of strategies that have one, by option. */
export type DeclaredSnapshots = {
  readonly [
    O in Option as OperoStrategies[O] extends { snapshot: object } ? O : never
  ]?: OperoStrategies[O] extends { snapshot: infer S } ? S & StrategySnapshot : never;
};
