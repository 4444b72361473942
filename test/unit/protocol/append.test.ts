import { describe, expect, test } from 'vitest';
import { asBatchNumber, asCommitId } from '../../../lib/model/ids.ts';
import { type AppendDecision, decideRefusedAppend } from '../../../lib/protocol/append.ts';
import { aHeader } from '../../support/headers.ts';

const mine = aHeader({
  batchNumber: asBatchNumber(20),
  commitId: asCommitId('mine'),
  previousCommitId: asCommitId('head'),
});

type Situation =
  | 'empty slot'
  | 'my own commit'
  | 'same number on my head'
  | 'same number on another head'
  | 'one lap later'
  | 'three laps later'
  | 'the lap my condition asked for'
  | 'an older lap'
  | 'a number of another slot'
  | 'another ring size'
  | 'another incarnation';

const stored: Record<Situation, Parameters<typeof decideRefusedAppend>[1]> = {
  'empty slot': null,
  'my own commit': mine,
  'same number on my head': { ...mine, commitId: asCommitId('other') },
  'same number on another head': {
    ...mine,
    commitId: asCommitId('other'),
    previousCommitId: asCommitId('fork'),
  },
  'one lap later': { ...mine, commitId: asCommitId('other'), batchNumber: asBatchNumber(28) },
  'three laps later': { ...mine, commitId: asCommitId('other'), batchNumber: asBatchNumber(44) },
  'the lap my condition asked for': {
    ...mine,
    commitId: asCommitId('other'),
    batchNumber: asBatchNumber(12),
  },
  'an older lap': { ...mine, commitId: asCommitId('other'), batchNumber: asBatchNumber(4) },
  'a number of another slot': {
    ...mine,
    commitId: asCommitId('other'),
    batchNumber: asBatchNumber(21),
  },
  'another ring size': { ...mine, commitId: asCommitId('other'), ringSize: 16 },
  'another incarnation': {
    ...mine,
    commitId: asCommitId('other'),
    incarnation: 'ffffffffffffffff',
  },
};

const corrupt = (why: string): AppendDecision => ({ kind: 'corrupt', why });

const expected: Record<Situation, AppendDecision> = {
  'empty slot': corrupt('the slot of batch 20 is empty'),
  'my own commit': { kind: 'committed' },
  'same number on my head': { kind: 'fenced' },
  'same number on another head': corrupt('batch 20 is stored with another predecessor'),
  'one lap later': { kind: 'overtaken' },
  'three laps later': { kind: 'overtaken' },
  'the lap my condition asked for': corrupt('the slot of batch 20 holds batch 12'),
  'an older lap': corrupt('the slot of batch 20 holds batch 4'),
  'a number of another slot': corrupt('the slot of batch 20 holds batch 21'),
  'another ring size': corrupt('the log has 16 slots, the writer assumes 8'),
  'another incarnation': corrupt('the log belongs to incarnation ffffffffffffffff'),
};

describe('a refused append', () => {
  for (const situation of Object.keys(expected) as Situation[]) {
    test(`that finds ${situation} means ${expected[situation].kind}`, () => {
      expect(decideRefusedAppend(mine, stored[situation])).toEqual(expected[situation]);
    });
  }
});
