// The keyed state of one shard and stage: per operator, tables of rows. It is the one mutable thing
// of the engine, and it changes in two ways only: `adopt` takes over a draft after its commit, and
// `applyDelta` folds what another attempt committed. Both end in the same state, and the same state
// always gives the same snapshot bytes. Neither runs user code or needs the plan.

import { assert } from '../model/assert.ts';
import { KEY_GROUP_COUNT } from '../model/hash-range.ts';
import { brokenBytes } from './codec.ts';
import { type DecodedOperator, decodeDelta, type OperatorHeader } from './delta.ts';
import { type Draft, StateDraft } from './draft.ts';
import { OperatorState } from './operator-state.ts';
import { decodeSegment, encodeSegments, type Segment } from './snapshot.ts';

/** How a draft is begun. */
export interface DraftOptions {
  /**
   * Whether what one record did can be taken back.
   * @default false: nothing is noted, which is faster
   */
  readonly undoable?: boolean;
}

export class KeyedState {
  private readonly operators = new Map<string, OperatorState>();
  private version = 0;

  static empty(): KeyedState {
    return new KeyedState();
  }

  /**
   * The state that a snapshot holds; the segments may come in any order but must tile the key groups.
   *
   * @throws EngineError `data` when bytes are broken or a segment is missing.
   */
  static fromSegments(segments: readonly Uint8Array[]): KeyedState {
    const decoded = segments
      .map(decodeSegment)
      .sort((left, right) => left.firstKeyGroup - right.firstKeyGroup);
    let next = 0;
    for (const { firstKeyGroup, lastKeyGroup } of decoded) {
      if (firstKeyGroup !== next) throw brokenBytes(`key group ${next} is in no or two segments`);
      next = lastKeyGroup + 1;
    }
    if (next !== KEY_GROUP_COUNT) throw brokenBytes(`key group ${next} is in no segment`);
    const state = new KeyedState();
    for (const { operators } of decoded) {
      for (const operator of operators) {
        const restored = state.operatorOf(operator);
        for (const { rowKey, rows } of operator.tables) restored.restoreRows(rowKey, rows);
      }
    }
    return state;
  }

  /** Begins a draft; it is thrown away by forgetting it. */
  draft(options: DraftOptions = {}): StateDraft {
    return new StateDraft(this.operators, this.version, { undoable: options.undoable ?? false });
  }

  /** Takes over a draft that was committed; drafts begun before are worthless afterwards. */
  adopt(draft: Draft): void {
    assert(draft instanceof StateDraft, 'a draft is adopted by the state that began it');
    assert(draft.baseVersion === this.version, 'a draft is adopted while the state is unchanged');
    for (const [uid, operator] of draft.operators) {
      this.operators.set(uid, operator.state);
      for (const { rowKey, rows, baseSlots } of operator.changedTables()) {
        operator.state.adoptTable(rowKey, rows, baseSlots);
      }
      for (const eviction of operator.evictions) operator.state.evict(eviction);
    }
    this.changed();
  }

  /**
   * Folds a delta: after-images replace, evictions remove. Folding it again changes nothing.
   *
   * @throws EngineError `data` when bytes are broken (nothing is folded then), `invalid` with code
   * `state-schema-changed` when an operator's state is another aggregation's.
   */
  applyDelta(delta: Uint8Array): void {
    const folds = decodeDelta(delta).map((operator) => this.planFold(operator));
    for (const fold of folds) fold();
    this.changed();
  }

  /** The whole state in segments that tile the key groups; the same state gives the same bytes. */
  encodeSegments(): Segment[] {
    return encodeSegments([...this.operators.values()]);
  }

  /** Rows of all operators. */
  rowCount(): number {
    let count = 0;
    for (const operator of this.operators.values()) count += operator.rowCount();
    return count;
  }

  /** Rough memory use in bytes, for the budget of a sandbox that keeps several states. */
  byteLengthEstimate(): number {
    let bytes = 1_024;
    for (const operator of this.operators.values()) bytes += operator.byteLengthEstimate();
    return bytes;
  }

  /** Finds all that can be wrong with an operator's part of a delta before any of it is folded. */
  private planFold(decoded: DecodedOperator): () => void {
    const operator = this.operatorOf(decoded);
    const tables = decoded.tables.map(({ rowKey, rows, removed }) => ({
      rowKey,
      columns: rows.columns,
      keyIds: operator.internKeys(rows),
      removedIds: operator.internKeys(removed),
    }));
    return () => {
      for (const { rowKey, keyIds, columns, removedIds } of tables) {
        operator.foldRows(rowKey, keyIds, columns);
        operator.foldRemovals(rowKey, removedIds);
      }
      for (const eviction of decoded.evictions) operator.evict(eviction);
    };
  }

  private operatorOf(header: OperatorHeader): OperatorState {
    const known = this.operators.get(header.uid);
    if (known === undefined) {
      const operator = new OperatorState(header.uid, header.schemaId, header.kinds);
      this.operators.set(header.uid, operator);
      return operator;
    }
    known.assertSchema(header.schemaId, header.kinds);
    return known;
  }

  /** Keys are trimmed only here, because an open draft holds ids of keys that have no rows yet. */
  private changed(): void {
    this.version += 1;
    for (const operator of this.operators.values()) operator.trimKeys();
  }
}
