// Checks that the public API of each entry point is what etc/<entry>.api.md says, so that a change of it is seen in review;
// with --write puts it there.
import { resolve } from 'node:path';
import { Extractor, ExtractorConfig } from '@microsoft/api-extractor';

const entryPoints = { 'nestjs-opero': 'index', terminus: 'terminus/index', testing: 'testing/index' };
const write = process.argv.includes('--write');
const silent = { default: { logLevel: 'none' } };

const compilerOptions = {
  module: 'nodenext',
  moduleResolution: 'nodenext',
  target: 'es2023',
  strict: true,
  skipLibCheck: true,
  types: ['node'],
};

const changed = Object.entries(entryPoints).filter(([name, entry]) => {
  const mainEntryPointFilePath = resolve(`dist/types/${entry}.d.ts`);
  const configuration = ExtractorConfig.prepare({
    configObject: {
      projectFolder: resolve('.'),
      mainEntryPointFilePath,
      compiler: { overrideTsconfig: { compilerOptions, files: [mainEntryPointFilePath] } },
      apiReport: {
        enabled: true,
        reportFolder: resolve('etc'),
        reportTempFolder: resolve('.tmp/api'),
        reportFileName: `${name}.api.md`,
      },
      messages: { extractorMessageReporting: silent, tsdocMessageReporting: silent },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: resolve('package.json'),
  });
  const messageCallback = (message) => {
    message.handled = message.logLevel !== 'error';
  };
  const { succeeded, apiReportChanged } = Extractor.invoke(configuration, {
    localBuild: write,
    messageCallback,
  });
  return !succeeded || (apiReportChanged && !write);
});
const names = changed.map(([name]) => `etc/${name}.api.md`).join(', ');
console.log(
  changed.length === 0
    ? `The public API of ${Object.keys(entryPoints).length} entry points is what etc/ says.`
    : `The public API is not what ${names} says. If the change is meant: npm run api:write`,
);
process.exitCode = changed.length === 0 ? 0 : 1;
