// The rules of who may import whom, and of what the pure parts may not touch, as data and as one
// function from sources to violations. It reads syntax only, so that planted sources can test it.

import ts from 'typescript';

/** File text by path from the project's folder, with `/` between the parts. */
export type Sources = Readonly<Record<string, string>>;

const NODE = 'node:*';
const SDK = ['@aws-sdk/*', '@smithy/node-http-handler'];
const WIRE_FORMATS = ['cborg', 'fast-xml-parser', 'yaml'];
const ALL_OF_LIB = [
  'contract',
  'time',
  'ports',
  'state',
  'plan',
  'operators',
  'protocol',
  'decoding',
  'runtime',
  'sql',
  'ml',
  'cloud',
  'adapters/system',
  'model',
  'testing',
  'index.ts',
].map((folder) => `lib/${folder}`);

/**
 * What each area may import besides itself: other areas, packages and node modules; the longest
 * matching area counts. `type:` allows a package for types only. What is not named is forbidden.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'lib/index.ts': ['lib/plan', 'lib/model', 'lib/sql', 'lib/ml'],
  'lib/model': [],
  'lib/model/hash-range.ts': ['node:crypto', 'lib/model'],
  'lib/contract': ['lib/model'],
  'lib/time': ['lib/model'],
  'lib/ports': ['lib/model', 'lib/time'],
  'lib/state': ['lib/model', 'lib/time'],
  'lib/state/digest.ts': ['node:crypto', 'lib/state', 'lib/model'],
  'lib/plan': ['lib/model', 'lib/time', 'type:@standard-schema/spec'],
  'lib/operators': ['lib/model', 'lib/time', 'lib/state', 'lib/plan'],
  'lib/protocol': ['lib/model', 'lib/state'],
  'lib/decoding': ['lib/model', 'node:zlib'],
  'lib/runtime': [
    ...[
      'model',
      'contract',
      'time',
      'ports',
      'state',
      'plan',
      'operators',
      'protocol',
      'decoding',
    ].map((folder) => `lib/${folder}`),
    'node:zlib',
  ],
  'lib/sql': ['lib/plan', 'lib/model', 'lib/time'],
  'lib/ml': ['lib/plan', 'lib/model', 'lib/time'],
  'lib/adapters/aws': ['lib/model', 'lib/contract', 'lib/ports', ...SDK],
  'lib/adapters/system': ['lib/model', 'lib/ports', NODE],
  'lib/cloud': ['lib/model', 'node:crypto', 'node:zlib'],
  'lib/testing': [...ALL_OF_LIB, 'lib/adapters/aws', 'node:util', ...SDK],
  'lib/testing/ambient.ts': ['node:async_hooks', 'node:module'],
  functions: [...ALL_OF_LIB, 'lib/adapters/aws', 'virtual:pipeline', 'type:aws-lambda'],
  'functions/pipelines': ['lib/index.ts', 'valibot'],
  cdk: [
    'lib/plan',
    'lib/contract',
    'lib/model',
    'functions/pipelines',
    'aws-cdk-lib',
    'constructs',
    'esbuild',
    'cdk-nag',
    'node:fs',
    'node:path',
    'node:module',
    'node:url',
  ],
  'localstack/embedded': [
    'lib/cloud',
    'lib/contract',
    'lib/model',
    'environment.ts',
    NODE,
    ...WIRE_FORMATS,
  ],
  localstack: [
    'lib/cloud',
    'lib/contract',
    'lib/model',
    'localstack/embedded',
    'functions/pipelines',
    'environment.ts',
    NODE,
    ...WIRE_FORMATS,
    ...SDK,
    'hyparquet',
    'hyparquet-compressors',
  ],
  'localstack/demo/naive.ts': [],
};

/** Folders that may stand at the top; everything else there is a single file. */
export const TOP_FOLDERS = [
  '.ci',
  'bench',
  'cdk',
  'docs',
  'functions',
  'lib',
  'localstack',
  'test',
];

const BANNED_MEMBERS = new Set([
  'Date.now',
  'Math.random',
  'process.env',
  'process.hrtime',
  'performance.now',
  'crypto.getRandomValues',
]);
const BANNED_NAMES = new Set([
  'console',
  'randomUUID',
  'randomBytes',
  'setTimeout',
  'setInterval',
  'setImmediate',
]);

interface ImportOf {
  readonly specifier: string;
  readonly typeOnly: boolean;
}

/** One sentence per broken rule, sorted; empty when the sources keep all of them. */
export function violationsOf(sources: Sources): readonly string[] {
  const violations: string[] = [];
  const graph = new Map<string, readonly string[]>();
  for (const [path, text] of Object.entries(sources)) {
    const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
    const imports = importsOf(file);
    graph.set(
      path,
      imports
        .map(({ specifier }) => localTarget(path, specifier))
        .filter((target) => target !== null),
    );
    violations.push(...forbiddenImports(path, imports), ...bannedNames(path, file));
    violations.push(...exportFaults(path, file), ...callSiteFaults(path, text));
  }
  return [...violations, ...cyclesOf(graph)].sort();
}

function importsOf(file: ts.SourceFile): readonly ImportOf[] {
  const found: ImportOf[] = [];
  const add = (specifier: ts.Node | undefined, typeOnly: boolean) => {
    if (specifier !== undefined && ts.isStringLiteralLike(specifier)) {
      found.push({ specifier: specifier.text, typeOnly });
    }
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      add(node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword);
    } else if (ts.isExportDeclaration(node)) {
      add(node.moduleSpecifier, node.isTypeOnly);
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      add(node.argument.literal, true);
    } else if (ts.isExternalModuleReference(node)) {
      add(node.expression, false);
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], false);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** The project file that a relative specifier, or the package's own name, leads to; `null` for packages. */
function localTarget(path: string, specifier: string): string | null {
  if (specifier === 'rivulet') return 'lib/index.ts';
  if (specifier === 'rivulet/cdk') return 'cdk/index.ts';
  if (specifier === 'rivulet/testing') return 'lib/testing/index.ts';
  if (!specifier.startsWith('.')) return null;
  const parts = path.split('/').slice(0, -1);
  for (const part of specifier.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}

/** The rule that covers a path: the longest area that is the path itself or a folder above it. */
function areaOf(path: string): string | undefined {
  return Object.keys(MAY_IMPORT)
    .filter((area) => within(path, area))
    .sort((one, other) => other.length - one.length)[0];
}

const within = (path: string, area: string) => path === area || path.startsWith(`${area}/`);

/** Tests, benchmarks and the tools' own files at the top may import anything. */
const isFree = (path: string) =>
  within(path, 'test') || within(path, 'bench') || !path.includes('/');

function forbiddenImports(path: string, imports: readonly ImportOf[]): readonly string[] {
  const area = areaOf(path);
  if (area === undefined) return isFree(path) ? noTests(path, imports) : [`${path} is in no area`];
  const allowed = MAY_IMPORT[area] ?? [];
  return imports
    .filter(({ specifier, typeOnly }) => {
      const target = localTarget(path, specifier);
      if (target !== null) {
        const areas = [target, areaOf(target) ?? '', folderOf(target)];
        return !areas.some((name) => name === area || allowed.includes(name));
      }
      return !allowed.some((name) => namesPackage(name, specifier, typeOnly));
    })
    .map(({ specifier }) => `${path} may not import ${specifier}`);
}

/** A file with a rule of its own still belongs to its folder for those who import it. */
const folderOf = (path: string) =>
  Object.keys(MAY_IMPORT)
    .filter((area) => area !== path && !area.endsWith('.ts') && within(path, area))
    .sort((one, other) => other.length - one.length)[0] ?? '';

function noTests(path: string, imports: readonly ImportOf[]): readonly string[] {
  if (within(path, 'test') || within(path, 'bench')) return [];
  return imports
    .filter(({ specifier }) => /^\.\/(test|bench)\//.test(specifier))
    .map(({ specifier }) => `${path} may not import ${specifier}`);
}

function namesPackage(allowed: string, specifier: string, typeOnly: boolean): boolean {
  if (allowed.startsWith('type:')) return typeOnly && specifier === allowed.slice(5);
  if (allowed.endsWith('*')) return specifier.startsWith(allowed.slice(0, -1));
  return specifier === allowed || specifier.startsWith(`${allowed}/`);
}

function bannedNames(path: string, file: ts.SourceFile): readonly string[] {
  if (!within(path, 'lib') || within(path, 'lib/adapters/system')) return [];
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const name = bannedNameOf(node);
    if (name !== null) found.push(`${path} may not use ${name}`);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

function bannedNameOf(node: ts.Node): string | null {
  if (ts.isPropertyAccessExpression(node)) {
    const member = `${node.expression.getText()}.${node.name.text}`;
    if (BANNED_MEMBERS.has(member)) return member;
    const ofGlobal = node.expression.getText() === 'globalThis';
    return ofGlobal && BANNED_NAMES.has(node.name.text) ? member : null;
  }
  if (ts.isElementAccessExpression(node) && ts.isStringLiteral(node.argumentExpression)) {
    const member = `${node.expression.getText()}.${node.argumentExpression.text}`;
    return BANNED_MEMBERS.has(member) ? member : null;
  }
  if (ts.isNewExpression(node) && node.expression.getText() === 'Date') {
    return (node.arguments ?? []).length === 0 ? 'new Date()' : null;
  }
  if (ts.isCallExpression(node) && node.expression.getText() === 'Date') return 'Date()';
  return ts.isIdentifier(node) && BANNED_NAMES.has(node.text) && isReference(node)
    ? node.text
    : null;
}

/** Whether an identifier is used as a variable, and not as the name of somebody's property. */
function isReference(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  return !(
    ts.isPropertyAssignment(parent) ||
    ts.isPropertySignature(parent) ||
    ts.isPropertyDeclaration(parent) ||
    ts.isMethodDeclaration(parent) ||
    ts.isMethodSignature(parent)
  );
}

/** A pipeline file's own pipeline and tool configuration files are default exports, nothing else is. */
function exportFaults(path: string, file: ts.SourceFile): readonly string[] {
  const faults: string[] = [];
  const excepted =
    /(^|\/)(pipelines|examples|fixtures)\//.test(path) || path.endsWith('.config.ts');
  for (const statement of file.statements) {
    if (!excepted && isDefaultExport(statement)) faults.push(`${path} may not export a default`);
    if (
      path === 'lib/index.ts' &&
      !(ts.isExportDeclaration(statement) && statement.moduleSpecifier)
    ) {
      faults.push(`${path} may only re-export`);
    }
  }
  return faults;
}

function isDefaultExport(statement: ts.Statement): boolean {
  if (ts.isExportAssignment(statement)) return true;
  if (ts.isExportDeclaration(statement)) {
    const names = statement.exportClause;
    return (
      names !== undefined &&
      ts.isNamedExports(names) &&
      names.elements.some(({ name }) => name.text === 'default')
    );
  }
  const modifiers = ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []) : [];
  return modifiers.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword);
}

/** Each table and each bucket has one place that writes to it. */
function callSiteFaults(path: string, text: string): readonly string[] {
  if (!within(path, 'lib')) return [];
  return ['PutItemCommand', 'PutObjectCommand']
    .filter((command) => text.split(`new ${command}(`).length > 2)
    .map((command) => `${path} has more than one ${command}`);
}

/** Import cycles between files, each told once, from its first file in the alphabet. */
function cyclesOf(graph: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const cycles = new Set<string>();
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) {
      const cycle = trail.slice(start);
      const first = cycle.indexOf([...cycle].sort()[0] ?? '');
      const turned = [...cycle.slice(first), ...cycle.slice(0, first)];
      cycles.add(`import cycle: ${[...turned, turned[0]].join(' → ')}`);
      return;
    }
    if (done.has(path)) return;
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return [...cycles];
}
