import Table from 'cli-table3';
import type { AuditReport } from './audit.service.js';

const seconds = (milliseconds: number): string => `${(milliseconds / 1_000).toFixed(1)} s`;

/** No colours, and no lines between rows. */
const plain = {
  style: { head: [], border: [] },
  chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
};

/** The licences, most frequent first. */
export function licenceTable({ licences }: AuditReport): string {
  const table = new Table({ head: ['licence', 'packages'], colAligns: ['left', 'right'], ...plain });
  const rows = Object.entries(licences).sort(([, a], [, b]) => b - a);
  table.push(...rows.slice(0, 8));
  const others = rows.slice(8).reduce((sum, [, count]) => sum + count, 0);
  if (others > 0) table.push([`${rows.length - 8} others`, others]);
  return table.toString();
}

/** What happened underneath, beside the same run without Opero. */
export function comparisonTable(withOpero: AuditReport, bare: AuditReport): string {
  const table = new Table({
    head: ['', 'with Opero', 'without'],
    colAligns: ['left', 'right', 'right'],
    ...plain,
  });
  const count = (type: keyof NonNullable<AuditReport['counts']>): number => withOpero.counts?.[type] ?? 0;
  const row = (name: string, ours: unknown, theirs: unknown = '-') =>
    table.push([name, String(ours), String(theirs)]);
  row(
    'packages answered',
    withOpero.packages - withOpero.failed - unknown(withOpero),
    bare.packages - bare.failed,
  );
  row('packages failed', withOpero.failed, bare.failed);
  row('answered by the fallback value', count('fallback'));
  row('requests tried', count('success') + count('attempt-failure'), bare.packages);
  row('attempts that failed', count('attempt-failure'), bare.failed);
  row('retries after a wait', count('retry'));
  row('moved on to the backup', count('alternative'));
  row('served by the backup', withOpero.servedBy.backup ?? 0);
  row('served from cache or shared', count('cache-hit') + count('shared'));
  row('waited for the rate limit', count('rate-limit-wait'));
  row('refused by the rate limit', count('rate-limit-refusal'));
  row('timeouts', count('timeout'));
  row('took', seconds(withOpero.milliseconds), seconds(bare.milliseconds));
  return table.toString();
}

const unknown = ({ servedBy }: AuditReport): number => servedBy.nobody ?? 0;

/** What to try while the app is up. */
export function invitation(url: string): string {
  return [
    `The app is up at ${url}. Try:`,
    '',
    `  curl ${url}/audit`,
    `  curl ${url}/packages/rxjs`,
    `  curl ${url}/health`,
    `  curl ${url}/operations`,
    '',
    'Ctrl-C ends it.',
  ].join('\n');
}
