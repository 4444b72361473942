// One way to turn sources into one file: no Docker, no temporary files, and the same bytes on every
// machine, because no path of the machine takes part in them.

import { extname, join, relative } from 'node:path';
import { type BuildFailure, type BuildOptions, buildSync, type OutputFile } from 'esbuild';
import { assert } from '../../lib/model/assert.ts';
import { refuse } from '../refuse.ts';

/** The module by which a function imports the pipeline that it runs. */
const PIPELINE_MODULE = 'virtual:pipeline';

/** `.ts` from the sources, `.js` from the built package. */
const EXTENSION = extname(import.meta.filename);
const PACKAGE_ROOT = join(import.meta.dirname, '..', '..');

/** The module in which the SDK searches for credentials, and what stands there in a function. */
const CREDENTIALS_MODULE = '@aws-sdk/credential-provider-node';
const EVENT_STREAMS_MODULE = '@smithy/core/event-streams';
const NO_EVENT_STREAMS = join(PACKAGE_ROOT, 'functions', `no-event-streams${EXTENSION}`);
const ROLE_CREDENTIALS = join(PACKAGE_ROOT, 'functions', `role-credentials${EXTENSION}`);

/** The functions that a pipeline consists of, by file name under `functions/`. */
export type FunctionName = 'partition-task' | 'maintenance';

/** The one file of a function, an ES module that exports `handler`. */
export interface FunctionBundle {
  readonly text: string;
  /** Content hash, 16 hex digits. */
  readonly codeHash: string;
}

// Some packages of the bundle are CommonJS and call `require`, which ES modules do not have.
const REQUIRE_BANNER =
  "import{createRequire as __rivuletRequire}from'node:module';const require=__rivuletRequire(import.meta.url);";

/** Where the source of a function of this package is. */
export function functionSource(name: FunctionName): string {
  return join(PACKAGE_ROOT, 'functions', `${name}${EXTENSION}`);
}

// An app may hold one pipeline many times, a stack per account or per stage of a release.
const bundles = new Map<string, FunctionBundle>();

/** Bundles the function in `source`, in which `virtual:pipeline` is the module at `entry`. */
export function bundleFunction(source: string, entry: string): FunctionBundle {
  const name = JSON.stringify([source, entry]);
  const known = bundles.get(name);
  if (known !== undefined) return known;
  const { text, hash } = build(source, {
    format: 'esm',
    // The runtime of the functions, see constructs/engine-function.ts.
    target: 'node22',
    minify: true,
    define: { 'globalThis.RIVULET_DEPLOYED': 'true' },
    banner: { js: REQUIRE_BANNER },
    alias: {
      [PIPELINE_MODULE]: entry,
      [CREDENTIALS_MODULE]: ROLE_CREDENTIALS,
      [EVENT_STREAMS_MODULE]: NO_EVENT_STREAMS,
    },
  });
  const bundle = { text, codeHash: Buffer.from(hash, 'base64').toString('hex') };
  bundles.set(name, bundle);
  return bundle;
}

/** Bundles the module at `entry` as CommonJS, to be run right here. */
export function bundleEntry(entry: string): string {
  return build(entry, { format: 'cjs', target: `node${process.versions.node}` }).text;
}

function build(source: string, options: BuildOptions): OutputFile {
  try {
    const { outputFiles = [] } = buildSync({
      entryPoints: [source],
      // Names inside the bundle are relative to it: never to where synthesis runs.
      absWorkingDir: PACKAGE_ROOT,
      outfile: 'index.mjs',
      bundle: true,
      write: false,
      platform: 'node',
      // ES modules first: they are smaller, since what is not used falls away.
      mainFields: ['module', 'main'],
      conditions: EXTENSION === '.ts' ? ['rivulet-source', 'module'] : ['module'],
      sourcemap: false,
      legalComments: 'none',
      logLevel: 'silent',
      ...options,
    });
    const [file] = outputFiles;
    assert(file !== undefined, 'esbuild was asked for one file and wrote none');
    return file;
  } catch (error) {
    return refuse(`${shown(source)} cannot be bundled: ${reasons(error)}`, error);
  }
}

/** A path as its author would write it. */
export function shown(path: string): string {
  const fromHere = relative('', path);
  return fromHere.startsWith('..') ? path : fromHere;
}

function reasons(error: unknown): string {
  const { errors } = error as Partial<BuildFailure>;
  if (errors === undefined) return error instanceof Error ? error.message : String(error);
  return errors
    .map(({ text, location }) =>
      location === null ? text : `${location.file}:${location.line}: ${text}`,
    )
    .join('; ');
}
