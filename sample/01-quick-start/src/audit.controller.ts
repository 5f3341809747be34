import { Controller, Get, NotFoundException, Param } from '@nestjs/common';
import { OperoService, type OperationSnapshot } from 'nestjs-opero';
import type { AuditReport } from './audit.service.js';
import { Manifests, type Answer } from './manifests.service.js';
import { Workspace } from './workspace.js';

@Controller()
export class AuditController {
  constructor(
    private readonly workspace: Workspace,
    private readonly manifests: Manifests,
    private readonly opero: OperoService,
  ) {}

  @Get('audit')
  audit(): AuditReport {
    if (!this.workspace.report) throw new NotFoundException('the audit is not done yet');
    return this.workspace.report;
  }

  @Get('packages/:name')
  async package(@Param('name') name: string): Promise<{ name: string; version: string } & Answer> {
    const installed = this.workspace.packages.find((candidate) => candidate.name === name);
    if (!installed) throw new NotFoundException(`${name} is not installed here`);
    return { name, version: installed.version, ...(await this.manifests.ask(name, installed.version)) };
  }

  @Get('operations')
  operations(): OperationSnapshot[] {
    return this.opero.operations();
  }
}
