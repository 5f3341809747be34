// Builds the package into dist/: one bundle as an ES module, one as CommonJS, and an entry for each that takes whichever
// of the two was loaded first (see docs/decisions/014-two-builds.md).
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';
import { entries, types } from './entries.mjs';
import { licences } from './licences.mjs';

const compiled = '.tmp/compiled';
const { version, dependencies, peerDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));

/** What each way into the package is made of; `identity` is what two users must share to share an implementation. */
const moduleRef = { name: 'ModuleRef', from: '@nestjs/core' };
const subPaths = [
  { folder: '', entry: 'main.js', bundle: 'opero.impl', identity: moduleRef },
  { folder: 'testing/', bundle: 'testing.impl', identity: moduleRef },
  {
    folder: 'terminus/',
    bundle: 'terminus.impl',
    identity: { name: 'HealthIndicatorService', from: '@nestjs/terminus' },
  },
];

/** A sub-path gets what the app shares, its classes and tokens, through the main entry of its own format. */
const throughTheMainEntry = (extension) => ({
  name: 'through-the-main-entry',
  setup({ onResolve }) {
    const mainEntry = { path: `../index.${extension}`, external: true };
    onResolve({ filter: /^\.\.\/index\.js$/ }, ({ importer }) =>
      importer.includes('/compiled/terminus/') ? mainEntry : undefined,
    );
    onResolve({ filter: /^\.\/internals\.js$/ }, ({ importer }) =>
      importer.includes('/compiled/testing/') ? mainEntry : undefined,
    );
  },
});

/** esbuild renames a class inside of itself: Nest's log and error messages show that name. */
function withOwnNames(code) {
  const renamed = [...code.matchAll(/^var (\w+) = (?:\w+ = )?class (_\1|\1\d+)\b/gm)];
  return renamed.reduce(
    (text, [, name, inner]) => text.replaceAll(new RegExp(`(?<![\\w$.#])${inner}\\b`, 'g'), name),
    code,
  );
}

async function bundle({ folder, entry = `${folder}index.js`, bundle: name }, format) {
  const extension = format === 'esm' ? 'js' : 'cjs';
  const outfile = `dist/${folder}${name}.${extension}`;
  const { metafile } = await build({
    entryPoints: [`${compiled}/${entry}`],
    outfile,
    format,
    bundle: true,
    platform: 'node',
    target: 'node20',
    metafile: true,
    logLevel: 'warning',
    external: [...Object.keys(dependencies), ...Object.keys(peerDependencies), '@nestjs/*'],
    // Jest's CommonJS has no import(): there the optional packages are required.
    supported: { 'dynamic-import': format === 'esm' },
    plugins: [throughTheMainEntry(extension)],
  });
  writeFileSync(outfile, withOwnNames(readFileSync(outfile, 'utf8')));
  return metafile;
}

rmSync('dist', { recursive: true, force: true });
rmSync(compiled, { recursive: true, force: true });
execFileSync(process.execPath, ['node_modules/@nestjs/cli/bin/nest.js', 'build'], { stdio: 'inherit' });
// What the testing sub-path needs is in the implementation, though not in the declarations of the main entry.
writeFileSync(
  `${compiled}/main.js`,
  "export * from './index.js';\nexport * from './testing/internals.js';\n",
);

const inputs = new Set();
for (const subPath of subPaths) {
  const esm = await bundle(subPath, 'esm');
  const cjs = await bundle(subPath, 'cjs');
  const [{ exports: names }] = Object.values(esm.outputs);
  for (const file of [...Object.keys(esm.inputs), ...Object.keys(cjs.inputs)]) inputs.add(file);
  mkdirSync(`dist/${subPath.folder}`, { recursive: true });
  const texts = { ...entries({ ...subPath, names, version }), ...types(subPath.folder) };
  for (const [extension, text] of Object.entries(texts)) {
    writeFileSync(`dist/${subPath.folder}index.${extension}`, text);
  }
}
// One set of declarations for both kinds of importers, so that their types are the same ones, too.
writeFileSync('dist/types/package.json', '{ "type": "commonjs" }\n');
writeFileSync('dist/THIRD-PARTY-LICENSES.txt', licences(inputs));
