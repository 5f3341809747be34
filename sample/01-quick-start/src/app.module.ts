import { CacheModule } from '@nestjs/cache-manager';
import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { OperoModule } from 'nestjs-opero';
import { OperoHealthIndicator } from 'nestjs-opero/terminus';
import { AuditController } from './audit.controller.js';
import { Audit } from './audit.service.js';
import { HealthController } from './health.controller.js';
import { Manifests } from './manifests.service.js';
import { Mirrors } from './mirrors.js';
import { Workspace } from './workspace.js';

@Module({
  imports: [OperoModule.forRoot(), CacheModule.register(), TerminusModule],
  controllers: [AuditController, HealthController],
  providers: [Audit, Manifests, Mirrors, OperoHealthIndicator, Workspace],
})
export class AppModule {}
