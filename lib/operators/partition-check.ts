// The source's declaration `partitionedBy`, checked where no keyed operator does it: a record whose
// value does not lie in the shard's hash range is set aside also by a pipeline without state, so that
// adding state to it later finds no surprise.

import { hashOfKey, ownsHash } from '../model/hash-range.ts';
import type { Selector, SourceNode } from '../plan/plan.ts';
import { placeTextReader, wrongShard } from './key.ts';
import type { Pass, Push } from './pass.ts';

/** Values whose place is remembered; after that all are forgotten at once. */
const KNOWN_MAX = 65_536;

/** Wires the check in front of `next`; nothing is wired where nothing was declared. */
export function createPartitionCheck(source: SourceNode, pass: Pass, next: Push): Push {
  const selectors = selectorsOf(source);
  if (selectors.length === 0) return next;
  const keyText = placeTextReader(selectors, source.uid);
  let known = new Set<string>();
  let range = pass.hashRange;
  return (row, timeMs) => {
    const text = keyText(row);
    if (range !== pass.hashRange || known.size >= KNOWN_MAX) {
      range = pass.hashRange;
      known = new Set();
    }
    if (!known.has(text)) {
      if (!ownsHash(range, hashOfKey(text))) throw wrongShard(source);
      known.add(text);
    }
    next(row, timeMs);
  };
}

function selectorsOf({ partitionedBy, partitionedByFunction }: SourceNode): Selector[] {
  if (partitionedByFunction !== undefined) {
    return [{ kind: 'function', select: partitionedByFunction }];
  }
  return (partitionedBy ?? []).map((field) => ({ kind: 'field', field }));
}
