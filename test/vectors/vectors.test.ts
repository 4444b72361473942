import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runDStream } from './run-dstream.ts';
import { runStructured } from './run-structured.ts';
import { unknown, type Vector, type VectorFile } from './vector.ts';

const folder = process.env['VECTORS_DIR'] ?? join(import.meta.dirname, 'data');

const files = readdirSync(folder).filter((name) => name.endsWith('.json'));

function run(vector: Vector): Promise<void> {
  switch (vector.class) {
    case 'FINAL':
    case 'FINAL-IF-FINER':
      return runStructured(vector);
    case 'INTERVAL':
      return runDStream(vector);
    default:
      if (vector.semantics['root'] !== undefined) return runStructured(vector);
      return unknown('a class', vector.class);
  }
}

test.each(files)('%s has the form that is known here', (name) => {
  const { format } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as VectorFile;
  expect(format).toBe('stream-oracle/1');
});

describe.each(files)('%s', (name) => {
  const { vectors } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as VectorFile;
  test.each(vectors.map((vector) => [vector.id, vector] as const))('%s', async (_id, vector) => {
    await run(vector);
  });
});
