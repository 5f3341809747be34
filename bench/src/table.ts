import Table from 'cli-table3';
import type { Measurement } from './measure.js';

/** A table of measurements with their ratios to the first. */
export function ratioTable(title: string, measurements: readonly Measurement[]): string {
  const [base] = measurements;
  const ours = measurements.find(({ name }) => name.startsWith('nestjs-opero'));
  const table = new Table({
    head: [title, 'ns a call', `x ${base!.name}`, 'x ours'],
    colAligns: ['left', 'right', 'right', 'right'],
    style: { head: [], border: [] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  for (const { name, nanoseconds } of measurements) {
    const ratio = (to: Measurement | undefined) => (to ? (nanoseconds / to.nanoseconds).toFixed(2) : '');
    table.push([name, Math.round(nanoseconds).toLocaleString('en'), ratio(base), ratio(ours)]);
  }
  return table.toString();
}
