import 'reflect-metadata';
import { resolve } from 'node:path';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';
import { Audit } from './audit.service.js';
import { readInstalled } from './installed-packages.js';
import { Mirrors } from './mirrors.js';
import { comparisonTable, invitation, licenceTable } from './report.js';
import { Workspace } from './workspace.js';

const PREFERRED_PORT = Number(process.env.PORT ?? 3000);

async function main(): Promise<void> {
  const once = process.argv.includes('--once');
  const app = await NestFactory.create(AppModule, { logger: ['warn', 'error'] });
  app.enableShutdownHooks();
  // Where there is no terminal for a bar, the progress is logged.
  app.useLogger(['log', 'warn', 'error']);
  const [audit, mirrors, workspace] = [app.get(Audit), app.get(Mirrors), app.get(Workspace)];
  const manifests = await readInstalled(resolve('node_modules'));
  workspace.packages = manifests;

  print(`Auditing the licences of ${manifests.length} installed packages over two mirrors that misbehave.`);
  await mirrors.restart(manifests);
  print('\n1. Without Opero: one attempt each, against the primary.');
  const bare = await audit.allWithoutOpero(manifests);
  await mirrors.restart(manifests);
  print('2. With Opero: the same run, the same misbehaviour.\n');
  workspace.report = await audit.all(manifests);

  print(`\n${licenceTable(workspace.report)}\n\n${comparisonTable(workspace.report, bare)}\n`);
  app.useLogger(['warn', 'error']);
  if (once) await app.close();
  else print(invitation(await listen(app)));
}

/** Another app may have the usual port already. */
async function listen(app: INestApplication): Promise<string> {
  try {
    await app.listen(PREFERRED_PORT, '127.0.0.1');
  } catch (error) {
    if ((error as { code?: string }).code !== 'EADDRINUSE') throw error;
    await app.listen(0, '127.0.0.1');
  }
  return app.getUrl();
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

await main();
