import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Ask } from './clients.js';

/** Calls a second, of 500 that the upstream can answer when it is well and 100 when it is not. */
const LOAD = 300;
const WELL = 40;
const SLOW = 200;
/** Seconds from and to which the upstream is slow: of several lengths, so that no phase of a circuit is favoured. */
const BROWN_OUTS = [
  [1, 3.5],
  [6, 8.75],
  [11.25, 14.25],
  [16.75, 20],
  [22.5, 26],
] as const;
const END = 28.5;
const BUCKET = 250;
const FINE_BUCKET = 50;

/** What one client achieved. */
export interface Goodput {
  readonly name: string;
  /** Share of the calls begun in each quarter of a second that were answered in the end. */
  readonly answered: readonly number[];
  /** Requests that reached the upstream, per call. */
  readonly load: number;
  /**
   * Ms between the end of a brown-out and the first call from which on nine of ten are answered again, on average.
   * Below 0 when calls that came before the end were still answered, since they waited; `undefined` for never.
   */
  readonly recovery: number | undefined;
}

interface Asked {
  readonly at: number;
  answered: boolean;
}

/** Runs one client against an upstream of its own, through a brown-out. */
export async function measureGoodput(name: string, run: (ask: Ask) => Promise<unknown>): Promise<Goodput> {
  const upstream = fork(fileURLToPath(new URL('./upstream.js', import.meta.url)));
  const [{ port }] = (await once(upstream, 'message')) as [{ port: number }];
  let requests = 0;
  const ask: Ask = async (signal) => {
    requests++;
    const response = await fetch(`http://127.0.0.1:${port}`, { signal });
    return response.text();
  };
  for (let warm = 0; warm < 100; warm++) await ask(AbortSignal.timeout(10_000));
  requests = 0;
  const asked: Asked[] = [];
  const startedAt = performance.now();
  const elapsed = () => performance.now() - startedAt;
  const calls: Promise<void>[] = [];
  const tell = (serviceTime: number, at: number) =>
    setTimeout(() => upstream.send({ serviceTime }), at * 1_000);
  for (const [from, to] of BROWN_OUTS) {
    tell(SLOW, from);
    tell(WELL, to);
  }
  while (asked.length < END * LOAD) {
    // An open loop: calls come at their rate, however the earlier ones fare.
    while (asked.length < Math.min((elapsed() / 1_000) * LOAD, END * LOAD)) {
      const call: Asked = { at: elapsed(), answered: false };
      asked.push(call);
      const answered = run(ask).then(() => void (call.answered = true));
      calls.push(answered.catch(() => undefined));
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await Promise.all(calls);
  upstream.disconnect();
  const answered = shares(asked, BUCKET);
  const recovery = meanRecovery(shares(asked, FINE_BUCKET));
  return { name, answered, load: requests / asked.length, recovery };
}

/** The share of answered calls in each bucket of time. */
function shares(asked: readonly Asked[], bucket: number): number[] {
  const count = Math.ceil((END * 1_000) / bucket);
  const buckets = Array.from({ length: count }, () => ({ all: 0, answered: 0 }));
  for (const { at, answered } of asked) {
    const own = buckets[Math.min(count - 1, Math.floor(at / bucket))]!;
    own.all++;
    if (answered) own.answered++;
  }
  return buckets.map(({ all, answered }) => (all > 0 ? answered / all : 1));
}

function meanRecovery(fine: readonly number[]): number | undefined {
  const recoveries = BROWN_OUTS.map(([, end], index) => {
    // Calls that come shortly before the next one meet it.
    const next = 1_000 * ((BROWN_OUTS[index + 1]?.[0] ?? END) - 0.5);
    const lastBad = fine.slice(0, next / FINE_BUCKET).findLastIndex((share) => share < 0.9);
    const wellFrom = (lastBad + 1) * FINE_BUCKET;
    return wellFrom >= next ? undefined : wellFrom - 1_000 * end;
  });
  if (recoveries.includes(undefined)) return undefined;
  return recoveries.reduce<number>((sum, recovery) => sum + recovery!, 0) / recoveries.length;
}

const BARS = [...' ▁▂▃▄▅▆▇█'];

/** The shares over time, with what came of each client. */
export function goodputChart(results: readonly Goodput[]): string {
  const width = Math.max(...results.map(({ name }) => name.length));
  const lines = results.map(({ name, answered, load, recovery }) => {
    const bars = answered.map((share) => BARS[Math.round(share * (BARS.length - 1))]).join('');
    const end =
      recovery === undefined ? 'never well again' : `well again after ${Math.round(recovery)} ms on average`;
    return `${name.padEnd(width)}  ${bars}  ${end}, ${load.toFixed(2)} requests a call`;
  });
  const title =
    `Brown-out: share of ${LOAD} calls a second that were answered, by the time they came. Five times (=) the upstream\n` +
    'has a fifth of its capacity. Below 0 ms: calls that came before the end waited, and were answered.';
  return [title, ...lines, `${' '.repeat(width)}  ${marks()}`, `${' '.repeat(width)}  ${axis()}`].join('\n');
}

const marks = (): string =>
  Array.from({ length: (END * 1_000) / BUCKET }, (_, bucket) => {
    const at = (bucket * BUCKET) / 1_000;
    return BROWN_OUTS.some(([from, to]) => at >= from && at < to) ? '=' : ' ';
  }).join('');

function axis(): string {
  const seconds = Array.from({ length: Math.ceil(END) }, (_, second) => `${second}`);
  return `${seconds.map((second) => second.padEnd(1_000 / BUCKET)).join('')}s`;
}
