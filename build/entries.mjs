/**
 * The entries of one way into the package, by extension. Each build brings its implementation along; the one that comes
 * first in a realm, for one copy of Nest, is used by both.
 */
export function entries({ folder, bundle, identity, names, version }) {
  const key = `Symbol.for(${JSON.stringify(`nestjs-opero${folder && '/' + folder.slice(0, -1)}@${version}`)})`;
  const share = [
    `const builds = (globalThis[${key}] ??= new WeakMap());`,
    `if (!builds.has(${identity.name})) builds.set(${identity.name}, own());`,
    `const first = builds.get(${identity.name});`,
  ];
  const js = [
    `import { ${identity.name} } from '${identity.from}';`,
    `import * as implementation from './${bundle}.js';`,
    'const own = () => implementation;',
    ...share,
    ...names.map((name) => `export const ${name} = first.${name};`),
  ];
  const cjs = [
    "'use strict';",
    "Object.defineProperty(exports, '__esModule', { value: true });",
    `const { ${identity.name} } = require('${identity.from}');`,
    `const own = () => require('./${bundle}.cjs');`,
    ...share,
    ...names.map((name) => `exports.${name} = first.${name};`),
  ];
  return { js: `${js.join('\n')}\n`, cjs: `${cjs.join('\n')}\n` };
}

/** The declarations of the same entries: all that is declared is in dist/types, once. */
export function types(folder) {
  const up = folder === '' ? './' : '../';
  const text = `export * from '${up}types/${folder}index.js';\n`;
  return { 'd.ts': text, 'd.cts': text };
}
