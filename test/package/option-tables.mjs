// Writes the options tables of the pages in docs/ from the doc comments and the schemas, in place of what stands between
// `<!-- options: name -->` and `<!-- /options -->`. Without `--write` it only checks that they are up to date.
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import prettier from 'prettier';
import ts from 'typescript';
import { tables } from './option-sources.mjs';
import { pages } from './pages.mjs';

const MARKER = /<!-- options: (\w+) -->[\s\S]*?<!-- \/options -->/g;

/** The members of an interface: name, type as written, text of the doc comment. */
function membersOf(source, type) {
  const file = ts.createSourceFile(source, readFileSync(source, 'utf8'), ts.ScriptTarget.Latest, true);
  const found = file.statements.find(
    (statement) => ts.isInterfaceDeclaration(statement) && statement.name.text === type,
  );
  if (!found) throw new Error(`${source} has no interface ${type}`);
  return found.members.map((member) => ({
    name: member.name.getText(file),
    type: member.type.getText(file),
    text: textOf(member),
  }));
}

function textOf(member) {
  const [comment] = ts.getJSDocCommentsAndTags(member);
  if (!comment) throw new Error(`${member.name.getText()} has no doc comment`);
  return ts
    .getTextOfJSDocComment(comment.comment)
    .replace(/\{@link (\w+)\}/g, '`$1`')
    .replace(/\s+/g, ' ')
    .trim();
}

/** The schema of an object, whatever is wrapped around it. */
function entriesOf(schema, sample) {
  if (schema.wrapped) return entriesOf(schema.wrapped, sample);
  if (schema.type === 'lazy') return entriesOf(schema.getter(sample), sample);
  return schema.entries;
}

/** What may be written, in the words of the error that refuses anything else. */
function allowedBy(schema) {
  if (!schema) return undefined;
  if (schema.wrapped) return allowedBy(schema.wrapped);
  if (schema.pipe && schema.type !== 'lazy') return schema.pipe.findLast(({ message }) => message)?.message;
  return typeof schema.message === 'string' && schema.type !== 'strict_object' ? schema.message : undefined;
}

const show = (value) => {
  if (value === undefined) return '';
  if (typeof value === 'number') return value.toLocaleString('en').replaceAll(',', ' ');
  if (typeof value !== 'object') return `\`${typeof value === 'string' ? `'${value}'` : value}\``;
  const parts = Object.entries(value).map(
    ([key, part]) => `${key}: ${typeof part === 'string' ? `'${part}'` : part}`,
  );
  return `\`{ ${parts.join(', ')} }\``;
};

const cell = (text) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');

/** The site would take what stands in braces at the end of a cell for attributes. */
const asCode = (text) => text.replace(/\{[^}]*\}/g, '`$&`');

/** Several types of one line; a code span keeps its letters. */
const code = (type) => `\`${type.replace(/\s+/g, ' ').replaceAll('|', '\\|')}\``;

async function tableOf(name) {
  const table = tables[name];
  if (!table) throw new Error(`there is no table '${name}', allowed: ${Object.keys(tables).join(', ')}`);
  const checkedBy = table.schemaSource ?? table.source;
  const built = resolve('.tmp/compiled', checkedBy.replace('lib/', '').replace(/\.ts$/, '.js'));
  const entries = entriesOf((await import(pathToFileURL(built)))[table.schema], table.sample);
  const members = membersOf(table.source, table.type);
  const names = members.map((member) => member.name);
  const without = names.filter((key) => !(key in entries) && !table.unchecked?.includes(key));
  const untold = table.partial ? [] : Object.keys(entries).filter((key) => !names.includes(key));
  if (without.length + untold.length > 0)
    throw new Error(`${table.type} and ${table.schema} differ: ${[...without, ...untold].join(', ')}`);
  const rows = members.map((member) => {
    const schema = entries[member.name];
    const allowed = allowedBy(schema);
    const standard = schema && schema.type !== 'optional' ? 'required' : show(schema?.default);
    const what = allowed === undefined ? code(member.type) : cell(asCode(allowed));
    return `| \`${member.name}\` | ${standard} | ${what} | ${cell(member.text)} |`;
  });
  return ['| option | default | allowed | what it does |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

/** A page with its tables as they ought to be. */
export async function withTables(page) {
  const names = [...page.matchAll(MARKER)].map(([, name]) => name);
  const made = new Map(await Promise.all(names.map(async (name) => [name, await tableOf(name)])));
  const text = page.replace(
    MARKER,
    (_, name) => `<!-- options: ${name} -->\n\n${made.get(name)}\n\n<!-- /options -->`,
  );
  return { names, text };
}

async function run(write) {
  const options = { ...(await prettier.resolveConfig('docs/page.md')), parser: 'markdown' };
  const seen = new Set();
  const stale = [];
  for (const path of pages()) {
    const page = readFileSync(path, 'utf8');
    const { names, text } = await withTables(page);
    names.forEach((name) => seen.add(name));
    if (names.length === 0) continue;
    const formatted = await prettier.format(text, options);
    if (formatted === page) continue;
    if (write) writeFileSync(path, formatted);
    else stale.push(path);
  }
  const missing = Object.keys(tables).filter((name) => !seen.has(name));
  if (missing.length > 0) throw new Error(`no page has the options of ${missing.join(', ')}`);
  if (stale.length > 0) throw new Error(`run "npm run docs:tables": out of date are ${stale.join(', ')}`);
  console.log(`The ${seen.size} options tables of the pages are up to date.`);
}

if (process.argv[1] === import.meta.filename) await run(process.argv.includes('--write'));
