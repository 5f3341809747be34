import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';

/** The name of the running app: of the package of the started script, or of the working directory; '' without one. */
export function appName(script: string | undefined = process.argv[1], directory = process.cwd()): string {
  // A process manager or a test runner is not the app.
  const own =
    script !== undefined && !script.split(sep).includes('node_modules') ? folderOf(script) : undefined;
  return nameIn(own) ?? nameIn(directory) ?? '';
}

function folderOf(script: string): string | undefined {
  try {
    const real = realpathSync(script);
    return real.split(sep).includes('node_modules') ? undefined : dirname(real);
  } catch {
    return undefined;
  }
}

/** The name in the nearest `package.json` that has one, from `folder` upwards. */
function nameIn(folder: string | undefined): string | undefined {
  for (let at = folder; at !== undefined; at = dirname(at) === at ? undefined : dirname(at)) {
    try {
      const { name } = JSON.parse(readFileSync(join(at, 'package.json'), 'utf8')) as { name?: unknown };
      if (typeof name === 'string' && name !== '') return name;
    } catch {
      // None here, or one that cannot be read.
    }
  }
  return undefined;
}
