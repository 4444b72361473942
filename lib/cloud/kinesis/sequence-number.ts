// Sequence numbers as clients see them: 56 decimal digits, strictly increasing within a shard, with
// gaps, and greater in a child than in its parents. The digits are
//
//   49 | 12: the shard's epoch | 16: a counter with gaps | 14: the second of arrival | 12: the shard
//
// The epoch is the second in which the shard was opened, or one more than its parents' if that is
// later, so that the order of epochs is the order of generations even within one second.

const LENGTH = 56;

export interface SequenceScope {
  readonly epoch: number;
  readonly shardIndex: number;
}

/** The number at one place of the counter. */
export function sequenceNumberAt(scope: SequenceScope, counter: number, arrivalMs: number): string {
  return (
    sequencePrefix(scope) +
    String(counter).padStart(16, '0') +
    String(Math.floor(arrivalMs / 1_000)).padStart(14, '0') +
    String(scope.shardIndex).padStart(12, '0')
  );
}

/** The first digits, which all numbers of one shard share. */
function sequencePrefix(scope: SequenceScope): string {
  return `49${String(scope.epoch).padStart(12, '0')}`;
}

/** Whether a text is a number that the scope's shard could have given out. */
export function belongsTo(scope: SequenceScope, text: string): boolean {
  return (
    text.length === LENGTH &&
    /^\d+$/.test(text) &&
    text.startsWith(sequencePrefix(scope)) &&
    text.endsWith(String(scope.shardIndex).padStart(12, '0'))
  );
}
