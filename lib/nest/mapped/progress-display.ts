import { Logger } from '@nestjs/common';
import type { OpProgress, OpRun } from '../../map/index.js';

interface Bar {
  start(total: number, value: number, payload: object): void;
  update(value: number, payload?: object): void;
  setTotal(total: number): void;
  stop(): void;
}

interface BarModule {
  readonly SingleBar: new (options: object) => Bar;
}

/** Shows the progress of a run: a bar on a terminal, otherwise a log line at each quarter. */
export function showProgress(run: OpRun<unknown>, name: string): void {
  const terminal = process.stderr.isTTY && !process.env.CI;
  if (terminal) void showBar(run, name);
  else logQuarters(run, name);
}

async function showBar(run: OpRun<unknown>, name: string): Promise<void> {
  const bars = await findBars();
  if (!bars) {
    new Logger('Opero').warn(`${name}: install cli-progress to see a progress bar; logging instead`);
    logQuarters(run, name);
    return;
  }
  const { total: known } = run.progress;
  const bar = new bars.SingleBar({
    // Without a known total a bar would always be full.
    format: known === undefined ? '{name} {value} done{failed}' : '{name} {bar} {value}/{total}{failed}',
    stream: process.stderr,
    hideCursor: true,
    barsize: 30,
  });
  let started = false;
  run.progress$.subscribe({
    next: (progress) => {
      const payload = { name, failed: progress.failed > 0 ? `, ${progress.failed} failed` : '' };
      const total = known ?? progress.done;
      if (!started && progress.elapsed === 0 && progress.done === 0) return;
      if (!started) bar.start(total, progress.done, payload);
      started = true;
      bar.setTotal(total);
      bar.update(progress.done, payload);
    },
    complete: () => {
      if (started) bar.stop();
    },
  });
}

async function findBars(): Promise<BarModule | undefined> {
  const name = 'cli-progress';
  try {
    const found = (await import(name)) as BarModule & { default?: BarModule };
    return found.default ?? found;
  } catch {
    return undefined;
  }
}

function logQuarters(run: OpRun<unknown>, name: string): void {
  const logger = new Logger('Opero');
  let shown = 0;
  let last: OpProgress | undefined;
  run.progress$.subscribe({
    next: (progress) => {
      last = progress;
      const quarter = progress.total ? Math.floor((progress.done / progress.total) * 4) : 0;
      if (quarter <= shown || quarter === 4) return;
      shown = quarter;
      logger.log(`${name}: ${quarter * 25} % (${progress.done} of ${progress.total})`);
    },
    complete: () => {
      if (!last) return;
      const failed = last.failed > 0 ? `, ${last.failed} failed` : '';
      logger.log(`${name}: ${last.done} done in ${Math.round(last.elapsed)} ms${failed}`);
    },
  });
}
