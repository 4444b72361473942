// The rows of a pipeline's state as a reader of a test wants to see them: by operator, key and part.

import { PREVIOUS_KEY } from '../../operators/batch-window.ts';
import { valuesOfKeyText } from '../../operators/key.ts';
import { WATERMARKS_UID } from '../../operators/watermark-progress.ts';
import type { KeyedState } from '../../state/keyed-state.ts';
import type { Column } from '../../state/row-table.ts';
import { decodeSegment } from '../../state/snapshot.ts';

/** One row of the state of an operator. */
export interface StateRow {
  /** Uid of the operator. */
  readonly operator: string;
  /** Values of the key's fields. */
  readonly key: readonly unknown[];
  /** What the operator divides a key's state by, such as the start of a window in milliseconds. */
  readonly part: number;
  /** What it keeps; a list where that has several parts. */
  readonly value: unknown;
}

/** Every row of the operators' state, by operator, part and key. */
export function stateRowsOf(state: KeyedState): readonly StateRow[] {
  return state.encodeSegments().flatMap(({ bytes }) =>
    decodeSegment(bytes)
      .operators.filter(({ uid }) => uid !== WATERMARKS_UID)
      .flatMap(({ uid, tables }) =>
        tables.flatMap(({ rowKey, rows }) =>
          rows.texts.flatMap((text, row) =>
            text === PREVIOUS_KEY
              ? []
              : {
                  operator: uid,
                  key: valuesOfKeyText(text),
                  part: rowKey,
                  value: keptIn(rows.columns, row),
                },
          ),
        ),
      ),
  );
}

function keptIn(columns: readonly Column[], row: number): unknown {
  const values = columns.flatMap((column) => {
    const value = column?.[row];
    return value === undefined || Number.isNaN(value) ? [] : [value];
  });
  return values.length === 1 ? values[0] : values;
}
