// A failed simulation in words: what happened, what came of it, why that probably is, and how to see it
// again. Whoever reads it knows the pipeline, and nothing of the engine.

import type { AloneDifference } from './alone.ts';
import type { Cause } from './causes.ts';
import type { CallFaultKind, InvocationFaultKind, WorldFaultKind } from './faults/fault-plan.ts';
import type { Strike } from './faults/fault-selection.ts';
import type { Handover, ObservedRun } from './observed-run.ts';
import type { RowDifference } from './outputs.ts';
import type { Finding } from './reference.ts';

/** What a report is made of. */
export interface FailureFacts {
  readonly finding: Finding;
  readonly causes: readonly Cause[];
  readonly run: ObservedRun;
  readonly eventCount: number;
  /** How to call `simulate` to see it again. */
  readonly repeat: string;
  /** Whether it failed again when it was repeated in this process. */
  readonly isRepeatable: boolean;
}

export function failureWords(facts: FailureFacts): string {
  const { finding, causes, run, eventCount, isRepeatable } = facts;
  const { strikes } = run.result;
  const happened = strikes.length === 0 ? ownRepeats(run) : [...new Set(strikes.map(strikeWords))];
  return [
    `${headlineOf(finding)}:`,
    ...findingLines(finding).map((line) => `  ${line}`),
    happened.length === 0
      ? `It takes no fault, ${eventCount === 1 ? 'one event is' : `${eventCount} events are`} enough.`
      : `It takes ${eventCount === 1 ? 'one event' : `${eventCount} events`}, and this:`,
    ...happened.slice(0, STRIKES_MAX).map((line) => `  - ${line}`),
    ...(happened.length > STRIKES_MAX ? [`  - and ${happened.length - STRIKES_MAX} more`] : []),
    ...causes.flatMap((cause, index) => causeWords(cause, index, finding)),
    ...(isRepeatable ? [] : [NOT_REPEATABLE]),
    `Repeat it: ${facts.repeat}`,
  ].join('\n');
}

const STRIKES_MAX = 8;

const NOT_REPEATABLE =
  'Repeated in this process it does not fail: the pipeline remembers something of earlier runs.';

function headlineOf(finding: Finding): string {
  switch (finding.kind) {
    case 'replay':
      return 'the same events, in the same batch, give other results when they are computed again';
    case 'remembered':
      return 'the same event, computed alone, gives something else when it is computed again';
    case 'rejected':
      return 'a promise that nobody awaits is rejected, which ends the process of a sandbox';
    case 'effects':
      return 'a function of the pipeline has done something else than if each batch had come once';
    case 'stuck':
      return `the function of '${finding.handover.sinkUid}' never took its rows, and its shard waits for ever`;
    case 'order':
      return 'the results depend on the order in which events arrive, or on how they are cut into batches';
    case 'shards':
      return 'the results depend on the number of shards';
    case 'invariant':
      return `a promise of the engine is broken (${finding.violation.invariant})`;
  }
}

function findingLines(finding: Finding): readonly string[] {
  switch (finding.kind) {
    case 'replay': {
      const { row, batchNumber, shardId } = finding.difference;
      const place = `batch ${batchNumber} of ${shardId}`;
      return row === null
        ? [`${place}: the state of a key is another one`]
        : rowLines(row, `committed with ${place}`, 'computed again');
    }
    case 'remembered':
      return rememberedLines(finding.difference);
    case 'rejected':
      return [`it was rejected with ${errorText(finding.rejection.error)}`];
    case 'effects':
      return [
        `it shows ${textOf(finding.actual)}`,
        `each batch once gives ${textOf(finding.expected)}`,
      ];
    case 'stuck': {
      const { outcome, error, batchId } = finding.handover;
      return [
        outcome === 'failed'
          ? `it threw ${errorText(error)} for batch ${batchId}`
          : `it was given batch ${batchId} and did not end`,
      ];
    }
    case 'order':
      return rowLines(finding.difference, 'this run', 'a run without faults');
    case 'shards':
      return rowLines(finding.difference, 'this run', 'another number of shards');
    case 'invariant':
      return [finding.violation.what];
  }
}

const rowLines = (row: RowDifference, here: string, there: string): readonly string[] => [
  `row of '${row.sinkUid}', ${here}: ${textOf(row.actual)}`,
  `row of '${row.sinkUid}', ${there}: ${textOf(row.expected)}`,
];

function rememberedLines({ event, rowCounts, row }: AloneDifference): readonly string[] {
  const [first, again] = rowCounts;
  if (first !== again) {
    return [
      `event ${event}, computed first: ${rowsText(first)} to the watermark`,
      `event ${event}, computed again: ${rowsText(again)} to the watermark`,
    ];
  }
  if (row === null) return [`event ${event}: the state of a key is another one`];
  return rowLines(row, `event ${event} computed again`, `event ${event} computed first`);
}

const rowsText = (count: number) => (count === 1 ? '1 row comes' : `${count} rows come`);

const errorText = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** Why a batch came again although no fault struck: its own function saw to that. */
function ownRepeats({ handovers }: ObservedRun): readonly string[] {
  const repeated = handovers.filter(({ batchId }, index) =>
    handovers.slice(index + 1).some((later) => later.batchId === batchId),
  );
  const lines = repeated.map(
    (handover) => `${endOf(handover)}, and was given the same batch again`,
  );
  return [...new Set(lines)];
}

function endOf({ sinkUid, outcome, error }: Handover): string {
  switch (outcome) {
    case 'failed':
      return `the function of '${sinkUid}' threw ${errorText(error)}`;
    case 'running':
      return `the function of '${sinkUid}' did not end in time`;
    case 'done':
      return `the function of '${sinkUid}' ended after the time of its invocation`;
  }
}

const TEXT_MAX = 400;

function textOf(value: unknown): string {
  if (value === undefined) return 'none';
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= TEXT_MAX ? text : `${text.slice(0, TEXT_MAX)}…`;
}

function causeWords({ kind, where }: Cause, index: number, finding: Finding): readonly string[] {
  const { what, change } =
    kind === 'clock' && finding.kind === 'effects' ? CLOCK_IN_SINK : CAUSES[kind];
  const names = where.length === 0 ? '' : ` (${where.join(', ')})`;
  const lead = index === 0 ? 'Likely cause' : 'It may also be this';
  return [`${lead}: ${what}${names}.`, `  What to change: ${change}.`];
}

interface CauseText {
  readonly what: string;
  readonly change: string;
}

/** A function has no event to take a time from, only rows. */
const CLOCK_IN_SINK: CauseText = {
  what: 'a function of foreachBatch reads the clock, which is another one in each sandbox, and when a batch comes again',
  change:
    'take a time from the rows, such as the end of their window, or keep the first one that was written for the batch id',
};

const CAUSES: Readonly<Record<Cause['kind'], CauseText>> = {
  clock: {
    what: 'code of the pipeline reads the clock, which is another one in each sandbox and at each retry',
    change: 'take the time from the event',
  },
  chance: {
    what: 'code of the pipeline draws random values, which are others at each retry',
    change: 'derive them from the event, or in a function of foreachBatch from the batch id',
  },
  zone: {
    what: 'code of the pipeline depends on the time zone of the machine',
    change: 'use UTC, or name the zone',
  },
  locale: {
    what: 'code of the pipeline depends on the locale of the machine',
    change: 'name the locale',
  },
  environment: {
    what: 'code of the pipeline depends on what each sandbox has its own of, such as variables of its environment, the number of its process or the name of its host',
    change: 'take such values from the event',
  },
  'state-outside': {
    what: 'the pipeline keeps state outside of the engine, such as a variable of a module, a cache or a set of what it has seen; each sandbox has its own, which dies with it and knows of batches that were never committed',
    change: 'keep it in an aggregate',
  },
  'changed-in-place': {
    what: 'code of the pipeline changes what it is given, although others use it, too',
    change: 'return a new value',
  },
  'shared-zero': {
    what: 'each key begins with the very same object, so that what one key adds is there for all others',
    change: 'make a new object in each call',
  },
  'not-idempotent': {
    what: 'a batch comes again with the same id, such as when a sandbox dies before it could tell that it was done, another one takes over, or the function failed half way, and the function does its work once more',
    change: 'remember the batch id together with the work, or write under keys made of it',
  },
  'older-after-newer': {
    what: 'a batch comes again after newer batches of its shard, such as when a sandbox is frozen after its commit and goes on much later, and the function writes the older rows over the newer ones',
    change:
      'keep the rising number at the end of the batch id with each row, and ignore rows whose number is lower than the one that is kept',
  },
  'not-awaited': {
    what: 'code of the pipeline does not wait for work that it has begun, so that the sandbox may be frozen or gone before the work is done, and nobody handles its errors',
    change:
      'await each promise; an operator cannot, so that such work belongs in a function of foreachBatch',
  },
  'never-done': {
    what: 'the function fails each time, or waits for something that a simulation does not have, such as a real network',
    change: 'give it a stand-in that answers',
  },
  'order-of-arrival': {
    what: 'events of several producers arrive in any order that the delay of the watermark allows, and in another order they are combined to something else',
    change:
      "make the operation commutative and associative, decide by event time, or simulate with order: 'given' if there is one producer for each key",
  },
  'cut-into-batches': {
    what: 'the result of combining events depends on where one batch ends and the next begins',
    change: 'make it depend on the events alone',
  },
  'key-changed': {
    what: 'the key that events are grouped by is not the value that decides their shard',
    change: 'change the partition key of the producers, or group by the field as it arrives',
  },
  engine: {
    what: 'this is most likely a fault of the engine itself',
    change: 'nothing; please report it with these events and this plan',
  },
};

function strikeWords(strike: Strike): string {
  switch (strike.of) {
    case 'call':
      return CALL_WORDS[strike.kind](callWords(strike.call));
    case 'invocation':
      return INVOCATION_WORDS[strike.kind];
    case 'world':
      return WORLD_WORDS[strike.kind];
  }
}

const CALL_WORDS: Readonly<Record<CallFaultKind, (call: string) => string>> = {
  throttle: (call) => `${call} was throttled`,
  deny: (call) => `${call} was not permitted for a while`,
  refuse: (call) => `${call} was refused each time`,
  'lose-reply': (call) => `${call} was applied, and its reply was lost`,
  'fail-after': (call) => `${call} was applied, and no reply ever came`,
  'crash-before': (call) => `the sandbox died before ${call} was sent`,
  'crash-after': (call) => `the sandbox died after ${call} was applied`,
  'crash-reply': (call) => `the sandbox died right after the reply to ${call}`,
  'crash-late': (call) => `the sandbox died, and ${call} was applied much later`,
  hold: (call) => `${call} was held up, sent again, and applied twice`,
  'freeze-before': (call) =>
    `the sandbox was frozen before ${call} was applied, and went on much later`,
  'freeze-after': (call) =>
    `the sandbox was frozen after ${call} was applied, and went on much later`,
  damage: (call) => `${call} came back damaged`,
};

const INVOCATION_WORDS: Readonly<Record<InvocationFaultKind, string>> = {
  cold: 'a new sandbox took over',
  stalest: 'the sandbox that had been idle longest took over',
  twice: 'a second sandbox got the same records at about the same time',
  again: 'the same records were delivered again, long after they were done',
  forsaken: 'the service took an invocation for failed that went on',
  'not-started': 'no sandbox was free for a while',
  'clock-jump': 'the clock of a sandbox jumped',
  short: 'an invocation ended early, because its time was over',
};

const WORLD_WORDS: Readonly<Record<WorldFaultKind, string>> = {
  maintain: 'a snapshot was taken',
  'maintain-twice': 'two snapshots were taken at once',
  'kill-all': 'all sandboxes died',
  recycle: 'all idle sandboxes were thrown away',
  deploy: 'the pipeline was deployed again',
  'destroy-checkpoint': 'an object of the newest checkpoint was destroyed',
  outage: 'no service answered for some minutes',
  'sink-outage': 'the places that results go to did not answer for a while',
  'no-puts': 'nothing new could be stored for some minutes',
  'lose-commit': 'a commit was destroyed',
  reshard: 'the number of shards changed',
};

type Call = Extract<Strike, { of: 'call' }>['call'];

/** A call by what it is for. */
function callWords({ operation, input }: Call): string {
  const {
    TableName: table,
    Item: item,
    Key: key,
  } = input as {
    TableName?: string;
    Item?: Readonly<Record<string, { readonly N?: string }>>;
    Key?: unknown;
  };
  if (operation === 'PutItem' && table === 'log') return `the commit of batch ${item?.['n']?.N}`;
  if (operation === 'PutItem') return `PutItem of a row of batch ${item?.['_n']?.N}`;
  if (table !== undefined) return `${operation} on the commit log`;
  return typeof key === 'string' ? `${operation} of ${key.split('/')[0]}/` : operation;
}
