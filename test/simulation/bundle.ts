// Bundles the runner of the simulation. A planted bug is a replacement of exact source text that is
// applied here, while the sources are read, so that lib itself holds no flag.

import { mkdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { build, type Plugin } from 'esbuild';

/** One exact piece of source text and what stands in its place. */
export interface Edit {
  /** From the project's folder. */
  readonly path: string;
  readonly source: string;
  readonly replacement: string;
}

const PROJECT = join(import.meta.dirname, '..', '..');
const FOLDER = join(PROJECT, '.rivulet', 'simulation');

/** Bundles the runner with these edits and resolves to the path of the bundle. */
export async function bundleRunner(name: string, edits: readonly Edit[]): Promise<string> {
  mkdirSync(FOLDER, { recursive: true });
  const outfile = join(FOLDER, `${name}.mjs`);
  const applied = new Set<Edit>();
  await build({
    entryPoints: [join(import.meta.dirname, 'run-part.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    conditions: ['rivulet-source'],
    legalComments: 'none',
    logLevel: 'silent',
    plugins: [planting(edits, applied)],
  });
  const unapplied = edits.find((edit) => !applied.has(edit));
  if (unapplied !== undefined) throw new Error(`${name}: ${unapplied.path} was not bundled`);
  return outfile;
}

function planting(edits: readonly Edit[], applied: Set<Edit>): Plugin {
  return {
    name: 'planted-bugs',
    setup({ onLoad }) {
      onLoad({ filter: /\/lib\/.*\.ts$/ }, ({ path }) => {
        const mine = edits.filter((edit) => edit.path === relative(PROJECT, path));
        if (mine.length === 0) return undefined;
        let contents = readFileSync(path, 'utf8');
        for (const edit of mine) {
          contents = replaceOnce(contents, edit);
          applied.add(edit);
        }
        return { contents, loader: 'ts' };
      });
    },
  };
}

/** The text with the edit; throws unless its source stands there exactly once. */
function replaceOnce(text: string, { path, source, replacement }: Edit): string {
  const count = text.split(source).length - 1;
  if (count !== 1) {
    throw new Error(
      `${path} holds the text to be replaced ${count} times, expected once: ${source}`,
    );
  }
  return text.replace(source, () => replacement);
}
