import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';

const ROUNDS = 7;

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

const run = (...args: string[]): string =>
  execFileSync(process.execPath, ['--expose-gc', ...args], {
    encoding: 'utf8',
    env: { ...process.env, NODE_ENV: 'production' },
  });

const dist = new URL('../../dist/', import.meta.url).href;

/** Ms that an import takes in a new process in which Nest is loaded already. */
const importing = (specifier: string, after: string): number =>
  Number(
    run(
      '--input-type=module',
      '-e',
      `${after}; const start = performance.now(); await import('${specifier}'); console.log(performance.now() - start)`,
    ),
  );

interface Boot {
  readonly took: number;
  readonly bytes: number;
}

const boot = (kind: string): Boot =>
  JSON.parse(run(fileURLToPath(new URL('boot-app.js', import.meta.url)), kind)) as Boot;

/** What loading the package and starting an app with many operations takes, each in processes of their own. */
export function startUp(): string {
  const nest =
    "await import('@nestjs/common'); await import('@nestjs/core'); await import('reflect-metadata')";
  const imports = { nest: [] as number[], ours: [] as number[] };
  const boots: Record<string, Boot[]> = { plain: [], imported: [], decorated: [] };
  for (let round = 0; round < ROUNDS; round++) {
    imports.nest.push(importing('@nestjs/core', ''));
    imports.ours.push(importing(`${dist}index.js`, nest));
    for (const [kind, results] of Object.entries(boots)) results.push(boot(kind));
  }
  const table = new Table({
    head: ['start', 'ms', 'more than without', 'memory an operation'],
    colAligns: ['left', 'right', 'right', 'right'],
    style: { head: [], border: [] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  const ms = (value: number): string => value.toFixed(0);
  table.push(['import of @nestjs/core', ms(median(imports.nest)), '', '']);
  table.push(['import of nestjs-opero after it', ms(median(imports.ours)), '', '']);
  const names = {
    plain: '1,000 classes on plain Nest',
    imported: '  with the module imported',
    decorated: '  3 operations of 5 strategies each',
  };
  const took = (kind: string): number => median(boots[kind]!.map((one) => one.took));
  const bytes = (kind: string): number => median(boots[kind]!.map((one) => one.bytes));
  for (const [kind, name] of Object.entries(names)) {
    const more = kind === 'plain' ? '' : `+${ms(took(kind) - took('plain'))}`;
    const memory =
      kind === 'decorated' ? `${((bytes(kind) - bytes('imported')) / 3_000 / 1_000).toFixed(1)} kB` : '';
    table.push([name, ms(took(kind)), more, memory]);
  }
  return table.toString();
}
