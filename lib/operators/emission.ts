// What a keyed operator gives out at the end of a batch. Append: the rows of windows that the
// watermark has just closed, each window once; a closed window that is kept for late rows comes out
// again for the keys that had some. Update: the rows that this batch changed, once each, with their
// last values. Complete: all rows. Rows come window by window; within a window changed rows come in
// the order in which they were first touched, all others by group and key, so that the same batch
// gives the same bytes in every sandbox.

import type { RowTable } from '../state/row-table.ts';
import { slotsByKey } from '../state/rows-codec.ts';
import type { GroupWatermarks } from './group-watermarks.ts';
import type { KeyedOperator } from './keyed-operator.ts';
import type { Pass, Push } from './pass.ts';
import { windowTimeOf } from './result-rows.ts';
import { endOf, rowKeysOf, startOf, windowsEnding } from './window-shape.ts';

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
  const { operator, pushes } = emission;
  const isOne = operator.shape === null && operator.key.fields.length === 0;
  if (pushes.complete !== null) (isOne ? emitOne : emitAll)(emission, pushes.complete);
  if (pushes.update !== null) (isOne ? emitOne : emitChanged)(emission, pushes.update);
  if (pushes.append !== null || pushes.chained !== null) {
    emitAgain(emission);
    emitClosed(emission);
  }
}

/** The one row of a whole stream: it comes out with every batch, also before there is anything. */
function emitOne(emission: Emission, push: Push): void {
  const one = emission.operator.onlyGroup();
  if (one === null) return;
  emitRows(emission, { push, window: 0, rows: one.rows, slots: Int32Array.of(one.slot) });
}

function emitAll(emission: Emission, push: Push): void {
  const { operator } = emission;
  for (const window of windowsOf(operator, operator.draft.rowKeys())) {
    const { rows, recycle } = collectWindow(operator, window, null);
    emitRows(emission, { push, window, rows, slots: slotsByKey(rows, operator.draft.keys) });
    if (recycle) operator.draft.state.recycle(rows);
  }
}

function emitChanged(emission: Emission, push: Push): void {
  const { operator } = emission;
  const changed = operator.draft.changedTables();
  for (const window of windowsOf(
    operator,
    changed.map(({ rowKey }) => rowKey),
  )) {
    if (operator.shape?.panes !== true) {
      const { rows } = operator.draft.table(window);
      emitRows(emission, { push, window, rows, slots: null });
      continue;
    }
    const closed = window + operator.shape.sizeMs <= operator.late.leastMs;
    if (closed && !operator.complete) continue;
    const { rows, recycle } = collectWindow(operator, window, touchedKeys(operator, window));
    emitRows(emission, { push, window, rows, slots: openSlots(operator, window, rows) });
    if (recycle) operator.draft.state.recycle(rows);
  }
}

/** Windows that were closed before this batch and got rows in it, since they are kept for late ones. */
function emitAgain(emission: Emission): void {
  const { operator, previous } = emission;
  const { shape, draft, late } = operator;
  if (shape === null || operator.allowedLatenessMs === 0) return;
  const changed = draft.changedTables().map(({ rowKey }) => rowKey);
  const ends = { afterMs: late.leastMs, untilMs: previous.greatestMs };
  for (const window of windowsEnding(changed, shape, ends)) {
    const endMs = endOf(window, shape);
    const { rows } = collectWindow(operator, window, touchedKeys(operator, window));
    const slots = slotsByKey(rows, draft.keys).filter((slot) => {
      const group = draft.keys.keyGroupOf(rows.keyIds[slot]!);
      return late.of(group) < endMs && endMs <= previous.of(group);
    });
    emitFinal(emission, { window, rows, slots });
    draft.state.recycle(rows);
  }
}

function emitClosed(emission: Emission): void {
  const { operator, previous, current } = emission;
  const { shape, draft } = operator;
  if (shape === null || current.greatestMs === Number.NEGATIVE_INFINITY) return;
  const ends = { afterMs: previous.leastMs, untilMs: current.greatestMs };
  for (const window of windowsEnding(draft.rowKeys(), shape, ends)) {
    const endMs = endOf(window, shape);
    const { rows, recycle } = collectWindow(operator, window, null);
    let slots = slotsByKey(rows, draft.keys);
    if (endMs <= previous.greatestMs || endMs > current.leastMs) {
      slots = slots.filter((slot) => {
        const group = draft.keys.keyGroupOf(rows.keyIds[slot]!);
        return previous.of(group) < endMs && endMs <= current.of(group);
      });
    }
    emitFinal(emission, { window, rows, slots });
    if (recycle) draft.state.recycle(rows);
  }
}

/** Gives rows of a closed window to the sinks of append mode and to the operators behind. */
function emitFinal(
  emission: Emission,
  closed: { readonly window: number; readonly rows: RowTable; readonly slots: Int32Array },
): void {
  const { append, chained } = emission.pushes;
  const shape = emission.operator.shape!;
  if (append !== null) emitRows(emission, { ...closed, push: append });
  if (chained === null) return;
  // A row that is a group of its event time keeps it, also where that is the bound of a window.
  const timeMs = shape.instants
    ? startOf(closed.window, shape)
    : windowTimeOf(endOf(closed.window, shape));
  emitRows(emission, { ...closed, push: chained, timeMs });
}

/** The windows that row keys are part of, ascending; of what has no window, its row key. */
function windowsOf(operator: KeyedOperator, rowKeys: readonly number[]): readonly number[] {
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
  window: number,
  keyIds: readonly number[] | null,
): { readonly rows: RowTable; readonly recycle: boolean } {
  const { draft, shape, accumulation } = operator;
  const { end, step } = shape === null ? { end: window + 1, step: 1 } : rowKeysOf(window, shape);
  const single = end - window === step && keyIds === null ? onlyTable(operator, window) : null;
  if (single !== null) return { rows: single, recycle: false };
  const rows = draft.state.newTable();
  const take = (from: RowTable, fromSlot: number) => {
    const keyId = from.keyIds[fromSlot]!;
    const slot = rows.find(keyId);
    if (slot < 0) rows.copyRow(rows.append(keyId), from, fromSlot);
    else accumulation.merge(rows, slot, from, fromSlot);
  };
  for (let rowKey = window; rowKey < end; rowKey += step) {
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

/** Ids of the keys with changed rows in any part of a window, in order of touch. */
function touchedKeys({ draft, shape }: KeyedOperator, window: number): number[] {
  const keyIds = new Set<number>();
  const { end, step } = rowKeysOf(window, shape!);
  for (let rowKey = window; rowKey < end; rowKey += step) {
    const rows = draft.tables.get(rowKey)?.rows;
    for (let slot = 0; slot < (rows?.count ?? 0); slot += 1) keyIds.add(rows!.keyIds[slot]!);
  }
  return [...keyIds];
}

/** Slots of the keys for which a window still took rows in this batch; `null` for all. */
function openSlots(operator: KeyedOperator, window: number, rows: RowTable): Int32Array | null {
  const { draft, late } = operator;
  const endMs = window + operator.shape!.sizeMs;
  if (operator.complete || endMs > late.greatestMs) return null;
  return Int32Array.from({ length: rows.count }, (_, slot) => slot).filter(
    (slot) => endMs > late.of(draft.keys.keyGroupOf(rows.keyIds[slot]!)),
  );
}

function emitRows(
  emission: Emission,
  emitted: {
    readonly push: Push;
    readonly window: number;
    readonly rows: RowTable;
    /** `null`: all slots in order. */
    readonly slots: Int32Array | null;
    /** @default the start of the window, NaN where there is none */
    readonly timeMs?: number;
  },
): void {
  const { operator, pass } = emission;
  const { push, window, rows, slots } = emitted;
  const { shape, accumulation, results } = operator;
  const { keys } = operator.draft;
  const count = slots === null ? rows.count : slots.length;
  if (count === 0) return;
  const texts =
    shape === null ? null : results.textsOf(startOf(window, shape), endOf(window, shape));
  const timeMs = emitted.timeMs ?? (shape === null ? Number.NaN : startOf(window, shape));
  for (let index = 0; index < count; index += 1) {
    const slot = slots === null ? index : slots[index]!;
    const row = results.begin(keys.textOf(rows.keyIds[slot]!), texts);
    pass.run(() => {
      accumulation.writeResults(row, rows, slot);
      push(row, timeMs);
    }, row);
  }
}
