// The TypeScript of a page of documentation as programs. A block that begins with an import begins a
// program; the blocks behind it go on from there, each in a function of its own. Each line stays where
// it stands in the page, so that complaints name lines of the page.

import { join } from 'node:path';
import ts from 'typescript';

export interface DocProgram {
  readonly page: string;
  readonly code: string;
  /** Names of the functions that hold the blocks. */
  readonly blocks: readonly string[];
}

const root = join(import.meta.dirname, '../..');

/** The programs of a page; its other blocks are fragments, which are not programs. */
export function docProgramsOf(page: string, text: string) {
  const programs: { page: string; lines: string[]; blocks: string[] }[] = [];
  const fragments: string[] = [];
  const lines = text.split('\n');
  for (let at = lines.indexOf('```ts'); at >= 0; at = lines.indexOf('```ts', at)) {
    const end = lines.indexOf('```', at);
    const body = lines.slice(at + 1, end);
    const begins = body.find((line) => line !== '' && !line.startsWith('//'))!;
    if (begins.startsWith('import ')) programs.push({ page, lines: [], blocks: [] });
    const program = programs.at(-1);
    if (program === undefined || begins.startsWith('export ')) fragments.push(body.join('\n'));
    else if (begins.startsWith('import ')) place(program.lines, at + 1, body);
    else {
      const name = `line${at + 2}`;
      program.blocks.push(name);
      place(program.lines, at, [`export const ${name} = async () => {`, ...body, '};']);
    }
    at = end;
  }
  const whole = programs.map(
    ({ lines, ...program }): DocProgram => ({
      ...program,
      code: Array.from(lines, (line) => line ?? '').join('\n'),
    }),
  );
  return { programs: whole, fragments };
}

function place(lines: string[], at: number, body: readonly string[]): void {
  for (const [index, line] of body.entries()) lines[at + index] = line;
}

/** What the compiler says of programs, as `page:line message`. */
export function typeErrorsOf(programs: readonly DocProgram[]): readonly string[] {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  // Examples name what they show and need not use it.
  const settings = { ...options, noUnusedLocals: false, noUnusedParameters: false, noEmit: true };
  const byFile = new Map(
    programs.map((program, index) => [join(root, 'test', `program-${index}.ts`), program]),
  );
  const host = ts.createCompilerHost(settings);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (name) => byFile.has(name) || fileExists(name);
  host.readFile = (name) => byFile.get(name)?.code ?? readFile(name);
  host.getSourceFile = (name, target, ...others) => {
    const program = byFile.get(name);
    return program === undefined
      ? getSourceFile(name, target, ...others)
      : ts.createSourceFile(name, program.code, target);
  };
  const compiled = ts.createProgram([...byFile.keys()], settings, host);
  return [...byFile].flatMap(([name, { page }]) => {
    const file = compiled.getSourceFile(name)!;
    const found = [
      ...compiled.getSyntacticDiagnostics(file),
      ...compiled.getSemanticDiagnostics(file),
    ];
    return found.map(({ start = 0, messageText }) => {
      const { line } = file.getLineAndCharacterOfPosition(start);
      return `${page}:${line + 1} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
    });
  });
}

/**
 * Runs a program up to its blocks and gives them as functions. `seen` is handed the value of each
 * statement of a block that is an expression.
 */
export function startProgram(
  { code }: DocProgram,
  modules: Readonly<Record<string, object>>,
  seen: (value: unknown) => unknown,
): Readonly<Record<string, () => Promise<void>>> {
  const { outputText } = ts.transpileModule(code, {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
    transformers: { before: [showStatements] },
  });
  const exports = {};
  const run = new Function('require', 'exports', 'seen', outputText);
  run((name: string) => modules[name] ?? refuse(name), exports, seen);
  return exports;
}

/** `value;` in a block becomes `seen(value);`. */
const showStatements: ts.TransformerFactory<ts.SourceFile> = (context) => (file) => {
  const { factory } = context;
  const show = (statement: ts.Statement) =>
    ts.isExpressionStatement(statement)
      ? factory.createExpressionStatement(
          factory.createCallExpression(factory.createIdentifier('seen'), undefined, [
            statement.expression,
          ]),
        )
      : statement;
  const visit = (node: ts.Node): ts.Node =>
    ts.isArrowFunction(node) && ts.isBlock(node.body)
      ? factory.updateArrowFunction(
          node,
          node.modifiers,
          node.typeParameters,
          node.parameters,
          node.type,
          node.equalsGreaterThanToken,
          factory.updateBlock(node.body, node.body.statements.map(show)),
        )
      : ts.visitEachChild(node, visit, context);
  return ts.visitEachChild(file, (node) => (isBlockOfPage(node) ? visit(node) : node), context);
};

/** `export const line12 = …` */
const isBlockOfPage = (node: ts.Node) => ts.isVariableStatement(node) && isExported(node);

const isExported = ({ modifiers }: ts.VariableStatement) =>
  modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false;

function refuse(name: string): never {
  throw new Error(`a page imports '${name}', which its test does not know`);
}
