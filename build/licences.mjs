import { readdirSync, readFileSync } from 'node:fs';

/** The licences of the packages of which code is in a bundle. */
export function licences(inputs) {
  const packages = [...inputs].map((file) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1]);
  const texts = [...new Set(packages.filter((name) => name !== undefined))].sort().map((name) => {
    const folder = `node_modules/${name}`;
    const { version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
    const file = readdirSync(folder).find((candidate) => /^licen[cs]e(\.|$)/i.test(candidate));
    if (!file) throw new Error(`${name} comes without the text of its licence`);
    return `${name} ${version} (${license})\n\n${readFileSync(`${folder}/${file}`, 'utf8').trim()}\n`;
  });
  return `Code of these packages is part of the bundles of nestjs-opero.\n\n${texts.join('\n---\n\n')}`;
}
