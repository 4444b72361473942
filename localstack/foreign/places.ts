// Where things are.

import { join } from 'node:path';

const project = join(import.meta.dirname, '..', '..');

/** The folder that holds all that is installed and all runs; git ignores it. */
export const FOREIGN = join(project, '.rivulet', 'foreign');

/** A file that stands in `programs/`. */
export function programPath(...names: readonly string[]): string {
  return join(import.meta.dirname, 'programs', ...names);
}

/** The program of a sandbox, one for the embedded cloud and for LocalStack. */
export const SANDBOX_PROGRAM = join(project, 'localstack', 'embedded', 'sandbox', 'bootstrap.mjs');

/** LocalStack for Docker. */
export const COMPOSE_FILE = join(project, 'localstack', 'compose.yaml');
