import { Injectable } from '@nestjs/common';
import { mapped, OpItemError, OpMap, OperoService, type OperationCounts } from 'nestjs-opero';
import type { InstalledPackage } from './installed-packages.js';
import { Manifests, type Answer } from './manifests.service.js';

/** What an audit has found, and what it took. */
export interface AuditReport {
  readonly packages: number;
  readonly failed: number;
  readonly licences: Readonly<Record<string, number>>;
  readonly servedBy: Readonly<Record<string, number>>;
  readonly milliseconds: number;
  /** What happened underneath; absent without Opero. */
  readonly counts?: Readonly<OperationCounts>;
}

const WORKERS = 30;

@Injectable()
export class Audit {
  constructor(
    private readonly manifests: Manifests,
    private readonly opero: OperoService,
  ) {}

  @OpMap({ name: 'audit', workers: WORKERS, progress: true })
  one({ name, version }: InstalledPackage): Promise<Answer> {
    return this.manifests.ask(name, version);
  }

  async all(packages: readonly InstalledPackage[]): Promise<AuditReport> {
    const startedAt = performance.now();
    const results = await mapped<Audit>(this).one(packages);
    const operation = this.opero.operations().find((snapshot) => snapshot.operation === 'Manifests.ask');
    return { ...summarize(results, performance.now() - startedAt), counts: operation?.counts };
  }

  /** The same run with the bare method of the class: one attempt, one mirror, no limits. */
  async allWithoutOpero(packages: readonly InstalledPackage[]): Promise<AuditReport> {
    const startedAt = performance.now();
    const bare = ({ name, version }: InstalledPackage) =>
      Manifests.prototype.ask.call(this.manifests, name, version);
    const results = await this.opero.map(packages, bare, { workers: WORKERS });
    return summarize(results, performance.now() - startedAt);
  }
}

function summarize(results: readonly (Answer | OpItemError)[], milliseconds: number): AuditReport {
  const licences: Record<string, number> = {};
  const servedBy: Record<string, number> = {};
  let failed = 0;
  for (const result of results) {
    if (result instanceof OpItemError) {
      failed++;
      continue;
    }
    licences[result.license] = (licences[result.license] ?? 0) + 1;
    servedBy[result.from] = (servedBy[result.from] ?? 0) + 1;
  }
  return { packages: results.length, failed, licences, servedBy, milliseconds };
}
