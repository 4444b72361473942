// What a keyed operator gives out at the end of a batch. Append: the rows of windows that the
// watermark has just closed, each window once. Update: the rows that this batch changed, once each,
// with their last values. Complete: all rows. Rows come window by window; within a window changed
// rows come in the order in which they were first touched, all others by key group and key, so that
// the same batch gives the same bytes in every sandbox.

import type { RowTable } from '../state/row-table.ts';
import { slotsByKey } from '../state/rows-codec.ts';
import { formatTime } from '../time/event-time.ts';
import type { GroupWatermarks } from './group-watermarks.ts';
import type { KeyedOperator } from './keyed-operator.ts';
import type { Pass, Push } from './pass.ts';
import { windowsEnding } from './window-shape.ts';

/** The event time of a window's row is a microsecond before its end, as Spark's `window_time`. */
const WINDOW_TIME_BEFORE_END_MS = 0.001;

/** Takes result rows, by output mode; absent modes cost nothing. */
export interface ResultPushes {
  readonly append: Push | null;
  /** The rows of append mode for the operators behind: their event time is the window's last moment. */
  readonly chained: Push | null;
  readonly update: Push | null;
  readonly complete: Push | null;
}

export interface Emission {
  readonly operator: KeyedOperator;
  readonly previous: GroupWatermarks;
  readonly current: GroupWatermarks;
  readonly pushes: ResultPushes;
  readonly pass: Pass;
}

/** Emits a keyed operator's rows of this batch; evict afterwards. */
export function emitResults(emission: Emission): void {
  const { pushes } = emission;
  if (pushes.complete !== null) emitAll(emission, pushes.complete);
  if (pushes.update !== null) emitChanged(emission, pushes.update);
  if (pushes.append !== null || pushes.chained !== null) emitClosed(emission);
}

function emitAll(emission: Emission, push: Push): void {
  const { operator } = emission;
  for (const start of windowStarts(operator, operator.draft.rowKeys())) {
    const { rows, recycle } = collectWindow(operator, start, null);
    emitRows(emission, { push, start, rows, slots: slotsByKey(rows, operator.draft.keys) });
    if (recycle) operator.draft.state.recycle(rows);
  }
}

function emitChanged(emission: Emission, push: Push): void {
  const { operator } = emission;
  const changed = operator.draft.changedTables();
  for (const start of windowStarts(
    operator,
    changed.map(({ rowKey }) => rowKey),
  )) {
    if (operator.shape?.panes !== true) {
      const { rows } = operator.draft.table(start);
      emitRows(emission, { push, start, rows, slots: null });
      continue;
    }
    const closed = start + operator.shape.sizeMs <= emission.previous.leastMs;
    if (closed && !operator.complete) continue;
    const { rows, recycle } = collectWindow(operator, start, touchedKeys(operator, start));
    emitRows(emission, { push, start, rows, slots: openSlots(emission, start, rows) });
    if (recycle) operator.draft.state.recycle(rows);
  }
}

function emitClosed(emission: Emission): void {
  const { operator, previous, current, pushes } = emission;
  const { shape, draft } = operator;
  if (shape === null || current.greatestMs === Number.NEGATIVE_INFINITY) return;
  const ends = { afterMs: previous.leastMs, untilMs: current.greatestMs };
  for (const start of windowsEnding(draft.rowKeys(), shape, ends)) {
    const endMs = start + shape.sizeMs;
    const { rows, recycle } = collectWindow(operator, start, null);
    let slots = slotsByKey(rows, draft.keys);
    if (endMs <= previous.greatestMs || endMs > current.leastMs) {
      slots = slots.filter((slot) => {
        const group = draft.keys.keyGroupOf(rows.keyIds[slot]!);
        return previous.of(group) < endMs && endMs <= current.of(group);
      });
    }
    if (pushes.append !== null) emitRows(emission, { push: pushes.append, start, rows, slots });
    if (pushes.chained !== null) {
      const timeMs = endMs - WINDOW_TIME_BEFORE_END_MS;
      emitRows(emission, { push: pushes.chained, start, rows, slots, timeMs });
    }
    if (recycle) draft.state.recycle(rows);
  }
}

/** Starts of the windows that row keys are part of, ascending; of what has no window, its row key. */
function windowStarts(operator: KeyedOperator, rowKeys: readonly number[]): readonly number[] {
  const { shape } = operator;
  if (shape === null) return rowKeys;
  const everyEnd = { afterMs: Number.NEGATIVE_INFINITY, untilMs: Number.POSITIVE_INFINITY };
  return windowsEnding(rowKeys, shape, everyEnd);
}

/**
 * The rows of one window, warm and changed together, panes merged in order of time; only those of
 * `keyIds` when these are given. `recycle` tells that the table was made for this call.
 */
function collectWindow(
  operator: KeyedOperator,
  start: number,
  keyIds: readonly number[] | null,
): { readonly rows: RowTable; readonly recycle: boolean } {
  const { draft, shape, accumulation } = operator;
  const step = shape?.stepMs ?? 1;
  const end = shape === null ? start + 1 : shape.panes ? start + shape.sizeMs : start + step;
  const single = end - start === step && keyIds === null ? onlyTable(operator, start) : null;
  if (single !== null) return { rows: single, recycle: false };
  const rows = draft.state.newTable();
  const take = (from: RowTable, fromSlot: number) => {
    const keyId = from.keyIds[fromSlot]!;
    const slot = rows.find(keyId);
    if (slot < 0) rows.copyRow(rows.append(keyId), from, fromSlot);
    else accumulation.merge(rows, slot, from, fromSlot);
  };
  for (let rowKey = start; rowKey < end; rowKey += step) {
    const changed = draft.tables.get(rowKey)?.rows;
    const warm = draft.state.tables.get(rowKey);
    if (keyIds !== null) {
      for (const keyId of keyIds) takeKey(keyId, { changed, warm, take });
      continue;
    }
    if (changed !== undefined)
      for (let slot = 0; slot < changed.count; slot += 1) take(changed, slot);
    if (warm === undefined) continue;
    for (let slot = 0; slot < warm.count; slot += 1) {
      const isChanged = changed !== undefined && changed.find(warm.keyIds[slot]!) >= 0;
      if (!isChanged) take(warm, slot);
    }
  }
  return { rows, recycle: true };
}

function takeKey(
  keyId: number,
  tables: {
    readonly changed: RowTable | undefined;
    readonly warm: RowTable | undefined;
    readonly take: (from: RowTable, fromSlot: number) => void;
  },
): void {
  const { changed, warm, take } = tables;
  const changedSlot = changed?.find(keyId) ?? -1;
  const warmSlot = changedSlot >= 0 ? -1 : (warm?.find(keyId) ?? -1);
  if (changedSlot >= 0) take(changed!, changedSlot);
  else if (warmSlot >= 0) take(warm!, warmSlot);
}

/** The table that alone holds the rows of a row key, so that nothing needs to be copied. */
function onlyTable({ draft }: KeyedOperator, rowKey: number): RowTable | null {
  const changed = draft.tables.get(rowKey);
  const warm = draft.state.tables.get(rowKey);
  if (warm === undefined) return changed?.rows ?? null;
  return changed === undefined || changed.rows.count === 0 ? warm : null;
}

/** Ids of the keys with changed rows in any pane of a window, in order of touch. */
function touchedKeys({ draft, shape }: KeyedOperator, start: number): number[] {
  const keyIds = new Set<number>();
  for (let rowKey = start; rowKey < start + shape!.sizeMs; rowKey += shape!.stepMs) {
    const rows = draft.tables.get(rowKey)?.rows;
    for (let slot = 0; slot < (rows?.count ?? 0); slot += 1) keyIds.add(rows!.keyIds[slot]!);
  }
  return [...keyIds];
}

/** Slots of the keys for which a window was still open before this batch; `null` for all. */
function openSlots(emission: Emission, start: number, rows: RowTable): Int32Array | null {
  const { operator, previous } = emission;
  const endMs = start + operator.shape!.sizeMs;
  if (operator.complete || endMs > previous.greatestMs) return null;
  const { keys } = operator.draft;
  return Int32Array.from({ length: rows.count }, (_, slot) => slot).filter(
    (slot) => endMs > previous.of(keys.keyGroupOf(rows.keyIds[slot]!)),
  );
}

function emitRows(
  emission: Emission,
  window: {
    readonly push: Push;
    readonly start: number;
    readonly rows: RowTable;
    /** `null`: all slots in order. */
    readonly slots: Int32Array | null;
    /** @default the start of the window, NaN where there is none */
    readonly timeMs?: number;
  },
): void {
  const { operator, pass } = emission;
  const { push, start, rows, slots } = window;
  const { key, shape, accumulation, emptyResult } = operator;
  const { keys } = operator.draft;
  const count = slots === null ? rows.count : slots.length;
  if (count === 0) return;
  const startText = shape === null ? '' : formatTime(start);
  const endText = shape === null ? '' : formatTime(start + shape.sizeMs);
  const timeMs = window.timeMs ?? (shape === null ? Number.NaN : start);
  for (let index = 0; index < count; index += 1) {
    const slot = slots === null ? index : slots[index]!;
    const row: Record<string, unknown> = { ...emptyResult };
    const values = key.valuesOf(keys.textOf(rows.keyIds[slot]!));
    for (let field = 0; field < values.length; field += 1) {
      row[key.fields[field]!] = values[field];
    }
    if (shape !== null) {
      row['windowStart'] = startText;
      row['windowEnd'] = endText;
    }
    pass.run(() => {
      accumulation.writeResults(row, rows, slot);
      push(row, timeMs);
    }, row);
  }
}
