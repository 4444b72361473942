import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { FileSystem } from 'aws-cdk-lib';
import type { Plan } from '../../lib/plan/plan.ts';
import { isRefusal, refuse } from '../refuse.ts';
import { bundleEntry, shown } from './bundle.ts';

/**
 * Runs the module at `entry` once and returns the plan of the pipeline that it exports. A missing
 * file, a module without a pipeline and a wrong plan are refused with a sentence.
 */
export function loadPlan(entry: string): Plan {
  if (!existsSync(entry)) {
    refuse(
      `entry ${shown(entry)} does not exist: give the path of a module that says \`export default pipeline(…)\``,
    );
  }
  const pipeline = defaultExport(entry);
  if (!hasPlan(pipeline)) {
    refuse(
      `${shown(entry)} has no pipeline as its default export: write \`export default pipeline('name')…\``,
    );
  }
  return attempt(entry, () => pipeline.plan());
}

function defaultExport(entry: string): unknown {
  const text = bundleEntry(entry);
  const folder = mkdtempSync(join(FileSystem.tmpdir, 'rivulet-'));
  try {
    const file = join(folder, 'entry.cjs');
    writeFileSync(file, text);
    const load = createRequire(import.meta.url);
    return attempt(entry, () => (load(file) as { readonly default?: unknown }).default);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function hasPlan(value: unknown): value is { plan(): Plan } {
  return (
    value !== null && typeof value === 'object' && typeof Reflect.get(value, 'plan') === 'function'
  );
}

/** Runs code of the author: its own refusals keep their sentence, other errors name the file. */
function attempt<Result>(entry: string, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return isRefusal(error)
      ? refuse(message)
      : refuse(`${shown(entry)} failed while it was loaded: ${message}`, error);
  }
}
