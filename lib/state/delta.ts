// A delta is one batch's changes: after-images and evictions per operator, row key and key group. To
// fold it is idempotent and runs no user code. Its bytes, before compression:
//
//   version byte 2 · count of operators, in order of their uids, each:
//     uid · schema id · count of columns · kind per column (0 number, 1 value)
//     count of evictions, each: row key (zigzag) · first key group · last key group (a byte each)
//     count of tables, by row key ascending, each: row key (zigzag) · block of rows (rows-codec.ts)
//       count of removed rows, then a block of their keys without columns unless it is 0
//
// Rows are folded before evictions: a batch never adds to a window that it has closed.

import { ByteReader, ByteWriter, brokenBytes } from './codec.ts';
import {
  DELTA_FORMAT_VERSION,
  DELTA_FORMAT_WITHOUT_REMOVALS,
  readFormatVersion,
} from './format-version.ts';
import type { OperatorDraft } from './operator-draft.ts';
import type { Eviction } from './operator-state.ts';
import type { ColumnKind } from './row-table.ts';
import {
  type DecodedRows,
  decodeRows,
  encodeKeys,
  encodeRows,
  slotsByKeyGroup,
} from './rows-codec.ts';

/** Columns one operator may have: more would be a mutated header. */
const COLUMNS_MAX = 1_024;

/** An operator's header, which deltas and segments share. */
export interface OperatorHeader {
  readonly uid: string;
  readonly schemaId: string;
  readonly kinds: readonly ColumnKind[];
}

export interface DecodedTable {
  readonly rowKey: number;
  readonly rows: DecodedRows;
}

/** Keys whose rows are gone. */
type RemovedKeys = Pick<DecodedRows, 'texts' | 'keyGroups'>;

export interface DecodedChanges extends DecodedTable {
  readonly removed: RemovedKeys;
}

export interface DecodedOperator extends OperatorHeader {
  readonly evictions: readonly Eviction[];
  readonly tables: readonly DecodedChanges[];
}

/** Encodes what the operators changed; one that changed nothing leaves no bytes. */
export function encodeDelta(operators: readonly OperatorDraft[]): Uint8Array {
  const writer = new ByteWriter();
  writer.byte(DELTA_FORMAT_VERSION);
  const changed = operators
    .filter((each) => each.evictions.length > 0 || each.changedTables().length > 0)
    .sort((left, right) => (left.state.uid < right.state.uid ? -1 : 1));
  writer.varint(changed.length);
  for (const operator of changed) {
    encodeOperatorHeader(writer, operator.state);
    writer.varint(operator.evictions.length);
    for (const eviction of operator.evictions) {
      writer.zigzag(eviction.rowKey);
      writer.byte(eviction.firstKeyGroup);
      writer.byte(eviction.lastKeyGroup);
    }
    const tables = operator.changedTables();
    writer.varint(tables.length);
    for (const { rowKey, rows } of tables) {
      writer.zigzag(rowKey);
      const { keys } = operator;
      const slots = slotsByKeyGroup(rows, keys);
      const removed = slots.filter((slot) => rows.isRemoved(slot));
      const present = removed.length === 0 ? slots : slots.filter((slot) => !rows.isRemoved(slot));
      encodeRows(writer, rows, { keys, slots: present });
      writer.varint(removed.length);
      if (removed.length > 0) encodeKeys(writer, rows, { keys, slots: removed });
    }
  }
  return writer.finish();
}

/** Takes a delta apart; nothing is folded unless all of it can be read. */
export function decodeDelta(bytes: Uint8Array): DecodedOperator[] {
  const reader = new ByteReader(bytes);
  const version = readFormatVersion(reader, DELTA_FORMAT_VERSION, DELTA_FORMAT_WITHOUT_REMOVALS);
  const decodeChanges =
    version === DELTA_FORMAT_VERSION ? decodeChangedTable : decodeWithoutRemovals;
  const operators: DecodedOperator[] = [];
  for (let count = reader.count('operators'); count > 0; count -= 1) {
    const header = decodeOperatorHeader(reader);
    const evictions: Eviction[] = [];
    for (let left = reader.count('evictions', 3); left > 0; left -= 1) {
      evictions.push(decodeEviction(reader));
    }
    operators.push({
      ...header,
      evictions,
      tables: decodeTables(reader, header.kinds, decodeChanges),
    });
  }
  reader.end();
  return operators;
}

export function encodeOperatorHeader(writer: ByteWriter, header: OperatorHeader): void {
  writer.text(header.uid);
  writer.text(header.schemaId);
  writer.varint(header.kinds.length);
  for (const kind of header.kinds) writer.byte(kind === 'number' ? 0 : 1);
}

export function decodeOperatorHeader(reader: ByteReader): OperatorHeader {
  const uid = reader.text();
  const schemaId = reader.text();
  const columnCount = reader.count('columns');
  if (columnCount > COLUMNS_MAX) throw brokenBytes(`${columnCount} columns are too many`);
  const kinds: ColumnKind[] = [];
  for (let column = 0; column < columnCount; column += 1) {
    const kind = reader.byte();
    if (kind > 1) throw brokenBytes(`no column is of kind ${kind}`);
    kinds.push(kind === 0 ? 'number' : 'value');
  }
  return { uid, schemaId, kinds };
}

/** A table by its row key, and its rows. */
type DecodeTable<Table> = (reader: ByteReader, kinds: readonly ColumnKind[]) => Table;

export function decodeTables<Table>(
  reader: ByteReader,
  kinds: readonly ColumnKind[],
  decode: DecodeTable<Table>,
): Table[] {
  const tables: Table[] = [];
  for (let count = reader.count('tables'); count > 0; count -= 1) {
    tables.push(decode(reader, kinds));
  }
  return tables;
}

export const decodeTable: DecodeTable<DecodedTable> = (reader, kinds) => {
  const rowKey = reader.zigzag();
  return { rowKey, rows: decodeRows(reader, kinds) };
};

const decodeWithoutRemovals: DecodeTable<DecodedChanges> = (reader, kinds) => ({
  ...decodeTable(reader, kinds),
  removed: NONE_REMOVED,
});

const decodeChangedTable: DecodeTable<DecodedChanges> = (reader, kinds) => {
  const table = decodeTable(reader, kinds);
  const count = reader.count('removed rows');
  if (count === 0) return { ...table, removed: NONE_REMOVED };
  const removed = decodeRows(reader, []);
  if (removed.texts.length !== count) throw brokenBytes('removed rows are miscounted');
  return { ...table, removed };
};

const NONE_REMOVED: RemovedKeys = { texts: [], keyGroups: new Uint8Array(0) };

function decodeEviction(reader: ByteReader): Eviction {
  const rowKey = reader.zigzag();
  const firstKeyGroup = reader.byte();
  const lastKeyGroup = reader.byte();
  if (firstKeyGroup > lastKeyGroup) throw brokenBytes('an eviction ends before it begins');
  return { rowKey, firstKeyGroup, lastKeyGroup };
}
