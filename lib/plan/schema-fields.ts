import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec';

/**
 * The fields that values of a schema have, where the schema lists them and allows no others;
 * `undefined` where it does not say. Validators share no way to ask: those that speak JSON Schema
 * are asked in it, and the objects of valibot show their entries.
 */
export function fieldsOfSchema(schema: StandardSchemaV1): readonly string[] | undefined {
  return fieldsByJsonSchema(schema) ?? fieldsByEntries(schema);
}

function fieldsByJsonSchema(schema: StandardSchemaV1): readonly string[] | undefined {
  const standard: Partial<StandardJSONSchemaV1.Props> = schema['~standard'];
  if (standard.jsonSchema === undefined) return undefined;
  try {
    const described = standard.jsonSchema.output({ target: 'draft-2020-12' });
    return described['type'] === 'object' && described['additionalProperties'] === false
      ? Object.keys(Object(described['properties']))
      : undefined;
  } catch {
    // Validators refuse to describe what JSON Schema cannot say; then nothing is known.
    return undefined;
  }
}

/** `object` drops and `strict_object` refuses other fields; a pipe may go on to change them. */
function fieldsByEntries(schema: object): readonly string[] | undefined {
  if (!('type' in schema) || !('entries' in schema) || 'pipe' in schema) return undefined;
  return schema.type === 'object' || schema.type === 'strict_object'
    ? Object.keys(Object(schema.entries))
    : undefined;
}
