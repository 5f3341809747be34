/** One way of doing the thing that is compared. */
export interface Contender {
  readonly name: string;
  readonly run: () => unknown;
}

export interface Measurement {
  readonly name: string;
  /** Nanoseconds a call, the median of all rounds. */
  readonly nanoseconds: number;
}

const ROUNDS = 11;

/** Measures contenders in turn, round after round, so that whatever the machine does happens to all of them. */
export async function measure(contenders: readonly Contender[], calls: number): Promise<Measurement[]> {
  const samples = contenders.map((): number[] => []);
  for (const { run } of contenders) await repeat(run, calls);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, { run }] of contenders.entries()) {
      // Nobody pays for the garbage of the one before.
      globalThis.gc?.();
      await repeat(run, Math.ceil(calls / 10));
      const startedAt = process.hrtime.bigint();
      await repeat(run, calls);
      samples[index]!.push(Number(process.hrtime.bigint() - startedAt) / calls);
    }
  }
  return contenders.map(({ name }, index) => ({ name, nanoseconds: median(samples[index]!) }));
}

async function repeat(run: () => unknown, calls: number): Promise<void> {
  for (let call = 0; call < calls; call++) await run();
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;
