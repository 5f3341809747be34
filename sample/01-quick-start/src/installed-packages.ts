import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A package as it is installed. */
export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
}

/** What is read of a manifest. */
export interface Manifest extends InstalledPackage {
  readonly license?: unknown;
}

/** The manifests of everything below a `node_modules` folder, nested ones included. */
export async function readInstalled(folder: string): Promise<Manifest[]> {
  const manifests: Manifest[] = [];
  for (const entry of await foldersIn(folder)) {
    if (entry.startsWith('.')) continue;
    const names = entry.startsWith('@')
      ? (await foldersIn(join(folder, entry))).map((name) => join(entry, name))
      : [entry];
    for (const name of names) {
      const path = join(folder, name);
      const manifest = await readManifest(path);
      if (manifest) manifests.push(manifest);
      manifests.push(...(await readInstalled(join(path, 'node_modules'))));
    }
  }
  return manifests;
}

async function foldersIn(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch {
    return [];
  }
}

async function readManifest(folder: string): Promise<Manifest | undefined> {
  try {
    const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Manifest;
    return typeof manifest.name === 'string' && typeof manifest.version === 'string' ? manifest : undefined;
  } catch {
    return undefined;
  }
}
