import { readFileSync } from 'node:fs';
import { EngineError } from '../../lib/model/errors.ts';
import { ByteWriter } from '../../lib/state/codec.ts';
import { encodeOperatorHeader } from '../../lib/state/delta.ts';
import { DELTA_FORMAT_VERSION } from '../../lib/state/format-version.ts';
import { KeyedState } from '../../lib/state/keyed-state.ts';
import { type Change, put, segmentBytes } from '../unit/state/support.ts';
import type { FuzzTarget } from './fuzz.ts';
import { mutateBytes } from './mutate-bytes.ts';
import { mutateJson } from './mutate-json.ts';

const golden = (name: string) =>
  readFileSync(new URL(`../unit/state/golden/${name}`, import.meta.url));

/** Rows of every form that a column can take: constant, scaled, raw, same, NaN, JSON of any depth. */
const changes: readonly Change[] = Array.from({ length: 24 }, (_, index) => ({
  rowKey: [0, -60_000, 1_700_000_000_000][index % 3]!,
  key: ['ada', 'bob', '', 'é', '\u0000["a",1]', `k${index}`][index % 6]!,
  cells: [
    index % 4,
    index % 5 === 0 ? Number.NaN : index / 7,
    index % 2 === 0 ? undefined : { list: [index, 'x'], ['__proto__']: null },
  ],
}));

/** The state after a first batch, and the deltas of all. */
function history() {
  const state = KeyedState.empty();
  const deltas: Uint8Array[] = [];
  let first: readonly Uint8Array[] = [];
  for (let from = 0; from < changes.length; from += 8) {
    const draft = state.draft();
    for (const change of changes.slice(from, from + 8)) {
      put(draft, change);
      put(draft, { ...change, cells: [1, 2, 3] }, 'other');
    }
    const eviction = { rowKey: -60_000, firstKeyGroup: 0, lastKeyGroup: 99 };
    if (from === 16) draft.operators.get('totals')!.evict(eviction);
    deltas.push(draft.encodeDelta());
    state.adopt(draft);
    if (from === 0) first = state.encodeSegments().map(({ bytes }) => bytes);
  }
  return { deltas, first, last: state.encodeSegments().map(({ bytes }) => bytes) };
}

const { deltas, first, last } = history();
/** Folded rather than restored, so that its keys have been met. */
function warm(): KeyedState {
  const state = KeyedState.empty();
  state.applyDelta(deltas[0]!);
  return state;
}
const before = segmentBytes(warm()).join();

/** A delta of one row whose only value is this text. */
function deltaOfValue(json: string): Uint8Array {
  const writer = new ByteWriter();
  writer.byte(DELTA_FORMAT_VERSION);
  writer.varint(1);
  encodeOperatorHeader(writer, { uid: 'totals', schemaId: 'value', kinds: ['value'] });
  for (const count of [0, 1]) writer.varint(count);
  writer.zigzag(60_000);
  for (const rows of [1, 1, 7, 1]) writer.varint(rows);
  writer.texts(['ada']);
  writer.byte(2);
  writer.texts([json]);
  writer.varint(0);
  return writer.finish();
}

/** State that was read must be usable: it is folded again, weighed and written. */
function use(state: KeyedState): void {
  state.byteLengthEstimate();
  const segments = state.encodeSegments().map(({ bytes }) => bytes);
  if (segmentBytes(KeyedState.fromSegments(segments)).join() !== segmentBytes(state).join()) {
    throw new Error('the state does not come back from its snapshot');
  }
}

const isData = (error: unknown) => error instanceof EngineError && error.kind === 'data';

/** A delta may also be well formed and belong to another aggregation. */
const isDataOrSchema = (error: unknown) =>
  isData(error) || (error instanceof EngineError && error.code === 'state-schema-changed');

export const stateTargets: readonly FuzzTarget[] = [
  {
    name: 'delta over no state',
    seeds: [...deltas, golden('delta-v1.bin'), golden('delta-v2.bin')],
    mutate: mutateBytes,
    read(bytes) {
      const state = KeyedState.empty();
      state.applyDelta(bytes);
      use(state);
    },
    refuses: isData,
  },
  {
    name: 'delta over state',
    seeds: deltas.slice(1),
    mutate: mutateBytes,
    read(bytes) {
      const state = warm();
      try {
        state.applyDelta(bytes);
      } catch (error) {
        if (segmentBytes(state).join() !== before) {
          throw new Error(`a part was folded before: ${error}`);
        }
        throw error;
      }
      use(state);
      const once = segmentBytes(state).join();
      state.applyDelta(bytes);
      if (segmentBytes(state).join() !== once) throw new Error('folding twice is not folding once');
    },
    refuses: isDataOrSchema,
  },
  {
    name: 'value of state',
    seeds: ['{"list":[1,"x",{"a":null}],"n":-1.5e3}', '[[["a"]]]', '7', '"text"'].map((json) =>
      Buffer.from(json),
    ),
    mutate: mutateJson,
    read(bytes) {
      const state = KeyedState.empty();
      state.applyDelta(deltaOfValue(Buffer.from(bytes).toString('utf8')));
      use(state);
    },
    refuses: isData,
  },
  {
    name: 'snapshot segment',
    seeds: [...first, ...last, golden('segment-v1.bin')],
    mutate: mutateBytes,
    read: (bytes) => use(KeyedState.fromSegments([bytes])),
    refuses: isData,
  },
];
