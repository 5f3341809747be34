/** What was measured at a limit. */
export interface Measured {
  readonly limit: number;
  readonly latency: number;
  /** Relative error of the latency. */
  readonly error: number;
}

/** How much of the fall of the limit the latency followed: 0 nothing, 1 all of it; and how unsure that is. */
export function compare(before: Measured, after: Measured): { elasticity: number; noise: number } {
  const span = Math.log(before.limit / after.limit);
  return {
    elasticity: Math.log(before.latency / after.latency) / span,
    noise: Math.hypot(before.error, after.error) / span,
  };
}
