import { Injectable } from '@nestjs/common';
import type { AuditReport } from './audit.service.js';
import type { InstalledPackage } from './installed-packages.js';

/** What is being audited, and the outcome. */
@Injectable()
export class Workspace {
  packages: readonly InstalledPackage[] = [];
  report: AuditReport | undefined;
}
