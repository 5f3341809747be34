import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Ask } from './clients.js';

/** Calls a second: more than the upstream can ever answer. */
const LOAD = 700;
const SERVICE_TIME = 40;
/** Seconds that each number of workers lasts. */
const PHASES = [
  { workers: 20, seconds: 8 },
  { workers: 4, seconds: 10 },
  { workers: 20, seconds: 10 },
] as const;
const BUCKET = 500;
const END = PHASES.reduce((sum, { seconds }) => sum + seconds, 0) * 1_000;

/** What came of one client in a bucket of time. */
interface Bucket {
  /** Answers, as a share of what the upstream can give. */
  readonly share: number;
  /** Ms within which 99 of 100 of them came. */
  readonly p99: number;
}

/** What one client made of the upstream. */
export interface Served {
  readonly name: string;
  readonly buckets: readonly Bucket[];
  /** The same for each phase, from 5 s after its begin. */
  readonly phases: readonly Bucket[];
}

interface Answer {
  readonly at: number;
  readonly latency: number;
}

const workersAt = (at: number): number => {
  let until = 0;
  const phase = PHASES.find(({ seconds }) => at < (until += seconds * 1_000));
  return (phase ?? PHASES.at(-1)!).workers;
};

/** Runs one client against an upstream of its own that loses four fifths of its workers for a while. */
export async function measureServed(name: string, run: (ask: Ask) => Promise<unknown>): Promise<Served> {
  const upstream = fork(fileURLToPath(new URL('../brown-out/upstream.js', import.meta.url)));
  const [{ port }] = (await once(upstream, 'message')) as [{ port: number }];
  const ask: Ask = async (signal) => (await fetch(`http://127.0.0.1:${port}`, { signal })).text();
  for (let warm = 0; warm < 100; warm++) await ask(AbortSignal.timeout(10_000));
  const answers: Answer[] = [];
  const startedAt = performance.now();
  const elapsed = () => performance.now() - startedAt;
  const calls: Promise<void>[] = [];
  let workers = 0;
  while (elapsed() < END) {
    const now = elapsed();
    if (workersAt(now) !== workers) upstream.send({ workers: (workers = workersAt(now)) });
    // An open loop: calls come at their rate, however the earlier ones fare.
    while (calls.length < (now / 1_000) * LOAD) {
      const at = elapsed();
      const done = run(ask).then(() => void answers.push({ at: elapsed(), latency: elapsed() - at }));
      calls.push(done.catch(() => undefined));
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await Promise.all(calls);
  upstream.disconnect();
  return { name, buckets: bucketsOf(answers), phases: phasesOf(answers) };
}

function bucketsOf(answers: readonly Answer[]): Bucket[] {
  return Array.from({ length: END / BUCKET }, (_, index) =>
    between(answers, index * BUCKET, (index + 1) * BUCKET),
  );
}

function phasesOf(answers: readonly Answer[]): Bucket[] {
  let until = 0;
  return PHASES.map(({ seconds }) => {
    const from = until;
    until += seconds * 1_000;
    return between(answers, from + 5_000, until);
  });
}

function between(answers: readonly Answer[], from: number, until: number): Bucket {
  const within = answers.filter(({ at }) => at >= from && at < until);
  const latencies = within.map(({ latency }) => latency).sort((a, b) => a - b);
  const possible = (workersAt(from) / SERVICE_TIME) * (until - from);
  return { share: within.length / possible, p99: latencies[Math.floor(latencies.length * 0.99)] ?? Infinity };
}

const BARS = [...' ▁▂▃▄▅▆▇█'];
/** A full bar of latency is so many times the time that the upstream works on a request. */
const FULL = 8;

const bar = (share: number): string => BARS[Math.round(Math.min(1, Math.max(0, share)) * (BARS.length - 1))]!;

/** Answers and their latency over time, for each client. */
export function capacityChart(results: readonly Served[]): string {
  const width = Math.max(...results.map(({ name }) => name.length));
  const lines = results.flatMap(({ name, buckets, phases }) => [
    `${name.padEnd(width)}  answers  ${buckets.map(({ share }) => bar(share)).join('')}  ${inAll(phases, percent)}`,
    `${''.padEnd(width)}  p99      ${buckets.map(({ p99 }) => bar(p99 / SERVICE_TIME / FULL)).join('')}  ${inAll(phases, latency)}`,
  ]);
  const title =
    `Adaptive: ${LOAD} calls a second, of which the upstream can answer 500, and 100 while it has a fifth of its workers (=).\n` +
    `Answers as a share of what it can give, and p99: a full bar is ${FULL} times the ${SERVICE_TIME} ms it works on one. ` +
    'On the right: each phase from its 5th second.';
  // Its window is a second or more, and a step of a limit of 20 is log10(20), rounded down to 1:
  // https://github.com/failsafe-go/failsafe-go/blob/5759a5e6d557eace215f820f5b5e663d5c05c3ee/adaptivelimiter/adaptivelimiter.go
  const peer = 'failsafe-go, by its source: at most one step a second. It would be at 4 after 16 s.';
  const marks = Array.from({ length: END / BUCKET }, (_, index) =>
    workersAt(index * BUCKET) < 20 ? '=' : ' ',
  );
  return [title, ...lines, `${''.padEnd(width)}           ${marks.join('')}`, peer].join('\n');
}

const inAll = (phases: readonly Bucket[], text: (phase: Bucket) => string): string =>
  phases.map(text).join(', ');

const percent = ({ share }: Bucket): string => `${Math.round(share * 100)} %`;

const latency = ({ p99 }: Bucket): string => `${Math.round(p99)} ms`;
