// No operator deletes rows yet, but commits, publication and tables know deletions. Here some of the
// rows that a pass gives come out as deletions of their items.

import type { BatchOutput, ItemChange } from '../../../lib/model/commit.ts';
import type { Surroundings } from '../../../lib/testing/world/scenario.ts';

/** What a row holds, each value in DynamoDB's text form. */
type Fields = Readonly<Record<string, string>>;

/** Turns the rows for which `isGone` holds into deletions. */
export const deletingRows = (isGone: (row: Fields) => boolean): Surroundings => ({
  invocation: (_, run) => run(),
  pass: (_, run) => {
    const result = run();
    const outputs = result.outputs.map((output) => withDeletions(output, isGone));
    return Object.defineProperty(result, 'outputs', { value: outputs });
  },
});

function withDeletions(output: BatchOutput, isGone: (row: Fields) => boolean): BatchOutput {
  if (output.target.kind !== 'dynamodb') return output;
  const lines = Buffer.from(output.bytes).toString('utf8').trimEnd().split('\n');
  const changes = lines.map((line) => {
    const change = JSON.parse(line) as Extract<ItemChange, { put: unknown }>;
    const { pk, sk } = change.put;
    return isGone(fieldsOf(change.put)) ? { delete: { pk, sk } } : change;
  });
  const text = changes.map((change) => `${JSON.stringify(change)}\n`).join('');
  return { ...output, bytes: Buffer.from(text, 'utf8') };
}

const fieldsOf = (attributes: Readonly<Record<string, object>>): Fields =>
  Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [name, String(Object.values(value)[0])]),
  );
