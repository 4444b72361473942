import type { StandardSchemaV1 } from '@standard-schema/spec';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { fieldsOfSchema } from '../../../lib/plan/schema-fields.ts';

/** A validator that speaks JSON Schema, or fails to. */
function describing(output: () => Record<string, unknown>): StandardSchemaV1 {
  const props = {
    version: 1,
    vendor: 'test',
    validate: (value: unknown) => ({ value }),
    jsonSchema: { input: output, output },
  } as const;
  return { '~standard': props };
}

describe('fields of a schema', () => {
  test('an object that drops or refuses other fields lists them', () => {
    expect(fieldsOfSchema(v.object({ a: v.string(), b: v.number() }))).toEqual(['a', 'b']);
    expect(fieldsOfSchema(v.strictObject({ a: v.string() }))).toEqual(['a']);
  });

  test.each([
    ['lets other fields pass', v.looseObject({ a: v.string() })],
    ['checks other fields by a rule', v.objectWithRest({ a: v.string() }, v.number())],
    [
      'goes on to change the fields',
      v.pipe(
        v.object({ a: v.string() }),
        v.transform(() => ({})),
      ),
    ],
    ['is one of several', v.union([v.object({ a: v.string() }), v.object({ b: v.string() })])],
    ['is no object', v.string()],
  ])('nothing is known of a schema that %s', (_what, schema) => {
    expect(fieldsOfSchema(schema)).toBeUndefined();
  });

  test('a validator that speaks JSON Schema is asked in it', () => {
    const properties = { a: { type: 'string' } };
    const closed = { type: 'object', properties, additionalProperties: false };
    expect(fieldsOfSchema(describing(() => closed))).toEqual(['a']);
    expect(fieldsOfSchema(describing(() => ({ type: 'object', properties })))).toBeUndefined();
  });

  test('a validator that cannot describe itself is no error', () => {
    const failing = describing(() => {
      throw new Error('transforms cannot be described');
    });
    expect(fieldsOfSchema(failing)).toBeUndefined();
  });
});
