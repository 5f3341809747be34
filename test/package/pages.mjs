import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The README and the pages of docs/, without the decisions, which are history. */
export const pages = () => [
  'README.md',
  ...readdirSync('docs', { recursive: true })
    .map((file) => join('docs', file))
    .filter((file) => file.endsWith('.md') && !/^docs\/(decisions|\.vitepress|dist)\//.test(file))
    .sort(),
];
