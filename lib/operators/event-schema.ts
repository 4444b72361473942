// The user's validator at the source. Its output is the event from here on; its objections name the
// place in the record, never the value.

import { EngineError } from '../model/errors.ts';
import type { SourceNode } from '../plan/plan.ts';
import type { Push } from './pass.ts';
import { faultOf, operatorFailed } from './record-fault.ts';

type Schema = NonNullable<SourceNode['schema']>;
type Result = Awaited<ReturnType<Schema['~standard']['validate']>>;
type Issues = NonNullable<Result['issues']>;

/** Longest path of an objection in a dead letter. */
const PATH_TEXT_MAX = 200;

/** Wires a Standard Schema validator in front of `next`. */
export function createSchemaCheck(schema: Schema, uid: string, next: Push): Push {
  const { validate } = schema['~standard'];
  return (row, timeMs) => {
    let result: ReturnType<typeof validate>;
    try {
      result = validate(row);
    } catch (thrown) {
      throw operatorFailed(uid, thrown);
    }
    if (result instanceof Promise) {
      throw new EngineError(
        'invalid',
        `the schema of source '${uid}' validates asynchronously; a batch needs a synchronous one`,
        { code: 'schema-asynchronous' },
      );
    }
    if (result.issues !== undefined) throw faultOf('schema', detailOf(result.issues));
    next(result.value, timeMs);
  };
}

function detailOf(issues: Issues): string {
  const path = (issues[0]?.path ?? []).map((segment) =>
    String(typeof segment === 'object' ? segment.key : segment),
  );
  const place = path.length === 0 ? 'the event' : `'${path.join('.').slice(0, PATH_TEXT_MAX)}'`;
  const others = issues.length > 1 ? ` and ${issues.length - 1} more` : '';
  return `${place} does not fit the schema of the source${others}`;
}
