import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runDStream } from './run-dstream.ts';
import { runFlink } from './run-flink.ts';
import { runRejected, runRule } from './run-rules.ts';
import { runStructured } from './run-structured.ts';
import type { Vector, VectorFile } from './vector.ts';

const folder = process.env['VECTORS_DIR'] ?? join(import.meta.dirname, 'data');

const files = readdirSync(folder).filter((name) => name.endsWith('.json'));

function run(vector: Vector): Promise<void> {
  switch (vector.class) {
    case 'FINAL':
    case 'FINAL-IF-FINER':
      return runStructured(vector);
    case 'INTERVAL':
      return runDStream(vector);
    case 'WATERMARK':
      return runFlink(vector);
    case 'REJECT':
      return runRejected(vector);
    case 'RULE':
      return runRule(vector, vector.expect);
    case 'STEP':
      return vector.semantics['root'] === undefined ? runFlink(vector) : runStructured(vector);
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
