// Vectors without steps: queries that must be refused, and tables of rules. Categories of errors are
// those of the vectors; what they stand for is written here as a query of ours.

import { drive } from '../../lib/testing/index.ts';
import { aggregateOf, begin, collected, type Flow, resultTable, windows } from './api.ts';
import { expectSame } from './compare.ts';
import { MAX_AHEAD } from './relation.ts';
import { unknown, type Vector } from './vector.ts';

const WATERMARK = { unit: 'seconds', maxAhead: MAX_AHEAD } as const;
const MODES = ['append', 'update', 'complete'];

export async function runRejected({ expectError }: Vector): Promise<void> {
  const rejected = REJECTED[expectError?.category ?? ''];
  if (rejected === undefined) return unknown('a reason to refuse', expectError);
  const message = await rejected.attempt(expectError!);
  if (message === null) throw new Error(`'${expectError!.category}' was not refused`);
  if (!rejected.names.test(message)) {
    throw new Error(`'${expectError!.category}' was refused for another reason: ${message}`);
  }
}

export async function runRule({ semantics }: Vector, expect: Vector['expect']): Promise<void> {
  if (semantics['matrix'] !== undefined) {
    checkMatrix(semantics['matrix'] as readonly (readonly [string, readonly string[]])[]);
    return;
  }
  if (semantics['declared'] === undefined) unknown('a rule', semantics);
  await checkDeclared(
    semantics['declared'] as readonly { readonly column: string; readonly delay: number }[],
    (expect?.['eventTimeColumns'] ?? []) as readonly string[],
  );
}

interface Rejected {
  /** Tries it, and gives the message with which it was refused; `null` where it was not. */
  attempt(error: Readonly<Record<string, unknown>>): Promise<string | null> | string | null;
  /** What the message must name. */
  readonly names: RegExp;
}

const REJECTED: Readonly<Record<string, Rejected>> = {
  'update-mode-unsupported-for-session': {
    attempt: () => refusal(() => sessions().to(resultTable('sessions'), { mode: 'update' })),
    names: /session.*update|update.*session/s,
  },
  'join-needs-equality': {
    attempt: () =>
      refusal(() => {
        const from = begin('vector', { inOneTask: true });
        const isBefore = (left: { t: number }, right: { t: number }) => left.t < right.t;
        return from('left', null)
          .join(from('right', null), { on: [], where: isBefore })
          .to(collected('pairs'), { mode: 'append' });
      }),
    names: /join.*(equal|key)/s,
  },
  'emitted-row-older-than-watermark': {
    attempt: async ({ currentWatermarkMs, emittedMs }) => {
      const from = begin('vector', { inOneTask: true });
      const flow = from('in', null)
        .withWatermark('t', '0 seconds', { ...WATERMARK, unit: 'milliseconds' })
        .keyBy('k')
        .process({
          state: {},
          onRow: (_row: unknown, { emit }: { emit(row: unknown, timeMs: number): void }) =>
            emit({ late: true }, emittedMs as number),
        })
        .to(collected('rows'), { mode: 'append' });
      const run = drive(flow);
      await run.push([{ k: 'a', t: currentWatermarkMs }]);
      await run.push([{ k: 'a', t: (currentWatermarkMs as number) + 1 }]);
      expectSame('rows', run.rows().length <= 1, true);
      return run.deadLetters().at(-1)?.detail ?? null;
    },
    names: /watermark/,
  },
};

/** Queries by the kinds of the matrix. */
const KINDS: Readonly<Record<string, () => { readonly flow: Flow; readonly sink?: unknown }>> = {
  'event-time aggregation with watermark': () => ({
    flow: timed().keyBy('k').window(windows.tumbling(5_000)).aggregate(COUNT),
  }),
  'other aggregation': () => ({ flow: events().keyBy('k').aggregate(COUNT) }),
  mapGroupsWithState: () => ({
    flow: events()
      .keyBy('k')
      .mapGroupsWithState(() => ({})),
  }),
  'flatMapGroupsWithState append': () => ({
    flow: events()
      .keyBy('k')
      .flatMapGroupsWithState(() => []),
  }),
  'flatMapGroupsWithState update': () => ({
    flow: events()
      .keyBy('k')
      .flatMapGroupsWithState(() => []),
  }),
  'stream-stream join': () => {
    const from = begin('vector', { inOneTask: true });
    return { flow: from('left', null).join(from('right', null), { on: 'k' }) };
  },
  other: () => ({ flow: events().map((row) => row) }),
  // An item of a table could not follow a session whose start moves.
  'session window aggregation': () => ({ flow: sessions(), sink: resultTable('sessions') }),
  limit: () => ({ flow: events().limit(3) }),
};

/** Modes that hold for one of several queries of a kind. */
const LIMIT_OF_TABLE = () => events().keyBy('k').aggregate(COUNT).limit(3);

const COUNT = { n: aggregateOf('count', null) };

const events = () => begin('vector', { inOneTask: true })('in', null);
const timed = () => events().withWatermark('t', '10 seconds', WATERMARK);
const sessions = () => timed().keyBy('k').window(windows.session(5_000)).aggregate(COUNT);

function checkMatrix(matrix: readonly (readonly [string, readonly string[]])[]): void {
  const wrong = matrix.flatMap(([kind, modes]) => {
    const make = KINDS[kind];
    if (make === undefined) return unknown('a kind of query', kind);
    return MODES.filter((mode) => {
      const accepted = acceptedModes(kind, make).includes(mode);
      // Our one flatMapGroupsWithState stands for both.
      if (kind.startsWith('flatMapGroupsWithState') && mode !== 'complete') return !accepted;
      return accepted !== modes.includes(mode);
    }).map((mode) => `${kind} in mode ${mode} is ${modes.includes(mode) ? 'refused' : 'accepted'}`);
  });
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
}

function acceptedModes(kind: string, make: (typeof KINDS)[string]): readonly string[] {
  return MODES.filter((mode) => {
    const { flow, sink = collected('rows') } = make();
    // A table of all results needs an aggregation in front of the limit.
    const isWhole = kind === 'limit' && mode === 'complete';
    return refusal(() => (isWhole ? LIMIT_OF_TABLE() : flow).to(sink, { mode })) === null;
  });
}

async function checkDeclared(
  declared: readonly { readonly column: string; readonly delay: number }[],
  columns: readonly string[],
): Promise<void> {
  let flow = events();
  for (const { column, delay } of declared) {
    flow = flow.withWatermark(column, `${delay} seconds`, WATERMARK);
  }
  const run = drive(flow.to(collected('rows'), { mode: 'append' }));
  const times = declared.map(({ column }, index) => [column, 10_000 * (declared.length - index)]);
  await run.push([Object.fromEntries(times)]);
  const effective = declared.filter(
    ({ column, delay }) =>
      run.watermark() === (Object.fromEntries(times)[column] as number) * 1_000 - delay * 1_000,
  );
  expectSame(
    'columns of event time',
    effective.map(({ column }) => column),
    columns,
  );
}

function refusal(build: () => Flow): string | null {
  try {
    build().plan();
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}
