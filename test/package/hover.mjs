// Checks that editors show documentation for every option, and for the fields that are inferred, where @Opero() is written:
// asks the language service for what it shows at each key, against the declarations in dist.
import { resolve } from 'node:path';
import ts from 'typescript';

const file = resolve('.tmp/hover.ts');

const service = (source) => {
  const files = new Map([[file, source]]);
  const read = (name) => files.get(name) ?? ts.sys.readFile(name);
  return ts.createLanguageService({
    ...ts.sys,
    useCaseSensitiveFileNames: () => true,
    getCurrentDirectory: () => process.cwd(),
    getScriptFileNames: () => [...files.keys()],
    getScriptVersion: () => '1',
    getScriptSnapshot: (name) => {
      const text = read(name);
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
    },
    getCompilationSettings: () => ({
      module: ts.ModuleKind.NodeNext,
      target: ts.ScriptTarget.ES2023,
      strict: true,
      experimentalDecorators: true,
      types: ['node'],
    }),
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists: (name) => files.has(name) || ts.sys.fileExists(name),
    readFile: read,
  });
};

/** Every option that can be written, from the type itself. */
function optionNames() {
  const source =
    "import type { OperoOptions } from 'nestjs-opero';\nexport declare const options: OperoOptions;\n";
  const program = service(source).getProgram();
  const checker = program.getTypeChecker();
  const [exported] = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(file)));
  return checker
    .getTypeOfSymbol(exported)
    .getProperties()
    .map(({ name }) => name);
}

const fields = {
  retry: { retries: 3, minDelay: 1 },
  cache: { ttl: 1 },
  rateLimit: { mode: "'wait'" },
  bulkhead: { queue: 1 },
  timeout: { attempt: 1, total: 1 },
  hedge: { delay: 1 },
  circuitBreaker: { window: '{}' },
  fallback: { on: '[]' },
};
const names = optionNames();
const inner = Object.values(fields).flatMap((written) => Object.keys(written));
const text = (written) =>
  `{ ${Object.entries(written)
    .map(([key, value]) => `${key}: ${value}`)
    .join(', ')} }`;
const source = `import { Opero } from 'nestjs-opero';
class Service {
  @Opero({ ${names.map((name) => `${name}: undefined`).join(', ')} })
  async options() {}
${Object.entries(fields)
  .map(([option, written]) => `  @Opero({ ${option}: ${text(written)} })\n  async ${option}Fields() {}`)
  .join('\n')}
}
`;
const language = service(source);
const undocumented = [...names, ...inner].filter((name) => {
  const shown = language.getQuickInfoAtPosition(file, source.search(new RegExp(`\\b${name}:`)));
  return !shown?.documentation?.length || !shown.tags?.some((tag) => tag.name === 'default');
});
if (names.length < 10) undocumented.push(`only ${names.length} options were found`);
console.log(
  undocumented.length === 0
    ? `Editors show what each of ${names.length} options and ${inner.length} fields is for, and its default.`
    : `Without documentation and @default where @Opero() is written: ${undocumented.join(', ')}`,
);
process.exitCode = undocumented.length === 0 ? 0 : 1;
