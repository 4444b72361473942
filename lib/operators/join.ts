// Joins two streams: a row meets the stored rows of the other side at once, each pair is handed on as
// it is found, and the row is stored for those to come. At the end of a batch the rows that can meet
// no other any more are forgotten; those of a side that is kept come out alone if they met none.
//
// What came out before is known by watermarks alone: stored rows that had expired by the watermark of
// the commit before have come out, those that expire between the two come out now. A row that is not
// late and yet has expired (a bound may ask for that) is never stored: it comes out at once.

import type { JoinNode, KeySpec, TimeBound } from '../plan/plan.ts';
import type { KeyDictionary } from '../state/key-dictionary.ts';
import { firstWindowStart, lastWindowStart } from '../time/window.ts';
import type { GroupWatermarks } from './group-watermarks.ts';
import { JoinResults, type Test } from './join-results.ts';
import { createJoinRows, type JoinRows } from './join-rows.ts';
import { isExpired, LEFT, RIGHT, type SideRules, sideRules } from './join-sides.ts';
import { type Arrival, ENTRY, type Entries, JoinState } from './join-state.ts';
import { createKeyReader, type KeyReader } from './key.ts';
import { faultOf } from './record-fault.ts';
import type {
  OperatorContext,
  StatefulOperator,
  Watermarks,
  WiredOperator,
} from './stateful-operator.ts';

export { joinLagMs } from './join-sides.ts';

/** Wires a join of two streams. */
export function createJoin(node: JoinNode, context: OperatorContext): WiredOperator {
  const operator = new JoinOperator(node, context);
  return { operator, pushes: operator.pushes };
}

interface Side {
  readonly rules: SideRules;
  readonly key: KeyReader;
  readonly where: Test | null;
  readonly state: JoinState;
}

const OPEN: TimeBound = {
  lowerMs: null,
  lowerInclusive: true,
  upperMs: null,
  upperInclusive: true,
};

class JoinOperator implements StatefulOperator {
  readonly uid: string;
  readonly behindMs: number;
  readonly pushes: WiredOperator['pushes'];
  private readonly node: JoinNode;
  private readonly context: OperatorContext;
  private readonly sides: readonly [Side, Side];
  private readonly rows: JoinRows;
  private readonly results: JoinResults;
  private readonly schema;
  private readonly lowerMs: number;
  private readonly upperMs: number;
  private readonly bound: TimeBound;
  private readonly sized: boolean;
  private keys!: KeyDictionary;
  private previous!: GroupWatermarks;

  constructor(node: JoinNode, context: OperatorContext) {
    this.uid = node.uid;
    this.node = node;
    this.context = context;
    this.behindMs = context.behindMs;
    const codeBehind = context.codeBehind || node.where !== null;
    this.rows = createJoinRows({ ...context, uid: node.uid, codeBehind });
    this.results = new JoinResults({ node, rows: this.rows, ...context });
    this.bound = node.within ?? OPEN;
    this.lowerMs = this.bound.lowerMs ?? Number.NEGATIVE_INFINITY;
    this.upperMs = this.bound.upperMs ?? Number.POSITIVE_INFINITY;
    this.sized = node.window !== null && node.window.sizeMs > 0;
    const rules = sideRules(node, context.timed);
    this.sides = [this.sideOf(rules[LEFT]), this.sideOf(rules[RIGHT])];
    this.schema = { id: schemaIdOf(node, rules), columns: [{ kind: 'value' }] } as const;
    const [left, right] = this.sides;
    this.pushes = [
      (row, timeMs) => this.take(left, right, row, timeMs),
      (row, timeMs) => this.take(right, left, row, timeMs),
    ];
  }

  begin(): void {
    const { pass } = this.context;
    const draft = pass.draft.operator(this.uid, this.schema);
    this.keys = draft.keys;
    this.previous = pass.previous.behind(this.behindMs);
    for (const { state } of this.sides) state.begin(draft);
  }

  finishRows(): void {}

  close({ previous, current }: Watermarks): void {
    for (const side of this.sides) {
      if (side.rules.expiry === null) continue;
      if (side.rules.kept) this.giveOutDue(side, previous, current);
      side.state.evict(current);
    }
  }

  countState(watermarks: GroupWatermarks): number {
    const [left, right] = this.sides;
    return left.state.count(watermarks) + right.state.count(watermarks);
  }

  private sideOf(rules: SideRules): Side {
    const { node, context, sized } = this;
    const [key, where] =
      rules.tag === LEFT ? [node.leftKey, node.leftWhere] : [node.rightKey, node.rightWhere];
    // Both sides must put a key into the same place, so that only what both say of it may decide.
    const shared = sameFields(node.leftKey, node.rightKey);
    const source = shared ? context.source : { partitionedBy: null };
    return {
      rules,
      key: createKeyReader({ uid: node.uid, key, source, pass: context.pass }),
      where: where as Test | null,
      state: new JoinState(rules, { holdsTime: sized }),
    };
  }

  private take(mine: Side, other: Side, row: unknown, timeMs: number): void {
    const { kept, timed } = mine.rules;
    const { window, nullSafe, within } = this.node;
    // Rows that neither meet others nor come out alone are as if they had never been: not even late.
    if (!kept && mine.where !== null && !this.results.holds(mine.where, row)) return;
    const keyId = mine.key.idOf(row, this.keys);
    const meets = nullSafe || !holdsNull(this.keys.textOf(keyId), mine.key);
    if (!kept && !meets) return;
    if (Number.isNaN(timeMs) && (window !== null || within !== null)) {
      throw faultOf('event-time-missing', `a row of the join '${this.uid}' has no event time`);
    }
    const watermarkMs = this.previous.of(this.keys.keyGroupOf(keyId));
    if (window !== null) {
      this.takeInWindows(mine, other, { row, keyId, timeMs, placeMs: Number.NaN }, meets);
      return;
    }
    if (timed && timeMs <= watermarkMs) {
      this.context.refuse(row, timeMs);
      return;
    }
    if (kept && mine.where !== null && !this.results.holds(mine.where, row)) {
      this.results.alone(mine.rules.tag, { row, timeMs }, timeMs);
      return;
    }
    const arrival = { row: this.rows.keep(row), keyId, timeMs, placeMs: timeMs };
    this.join(mine, other, arrival, { meets, watermarkMs });
  }

  private takeInWindows(mine: Side, other: Side, arrival: Arrival, meets: boolean): void {
    const window = this.node.window!;
    const { row, keyId, timeMs } = arrival;
    const watermarkMs = this.previous.of(this.keys.keyGroupOf(keyId));
    const lateMs = mine.rules.timed ? watermarkMs : Number.NEGATIVE_INFINITY;
    const instants = window.sizeMs === 0;
    const last = instants ? timeMs : lastWindowStart(timeMs, window.slideMs);
    const first = instants ? timeMs : firstWindowStart(timeMs, window);
    if (last + window.sizeMs <= lateMs) {
      this.context.refuse(row, timeMs);
      return;
    }
    if (first + window.sizeMs <= lateMs) this.context.pass.lateRows += 1;
    const alone = mine.rules.kept && mine.where !== null && !this.results.holds(mine.where, row);
    const kept = alone ? row : this.rows.keep(row);
    for (let start = first; start <= last; start += window.slideMs) {
      if (start + window.sizeMs <= lateMs) continue;
      if (alone) this.results.alone(mine.rules.tag, { row, timeMs }, start);
      else
        this.join(
          mine,
          other,
          { row: kept, keyId, timeMs, placeMs: start },
          { meets, watermarkMs },
        );
    }
  }

  private join(
    mine: Side,
    other: Side,
    arrival: Arrival,
    { meets, watermarkMs }: { readonly meets: boolean; readonly watermarkMs: number },
  ): void {
    const { rules } = mine;
    const expired = rules.expiry !== null && isExpired(rules.expiry, arrival.placeMs, watermarkMs);
    // A closed window is empty, though what was stored for it may be there still. Without windows
    // what is still there and has expired lies out of reach of all rows that are not late.
    const isOpen = this.node.window === null || !expired;
    const met = meets && isOpen && this.meet(mine, other, arrival);
    if (expired) {
      if (rules.kept && !met) {
        const { row, timeMs, placeMs } = arrival;
        this.results.alone(rules.tag, { row: this.rows.show(row), timeMs }, placeMs);
      }
      return;
    }
    if (met && this.node.type === 'semi' && rules.tag === LEFT) return;
    this.context.pass.reached = true;
    mine.state.add(arrival, met && rules.marks ? 1 : 0);
  }

  /** Hands on the pairs of a row with stored rows of the other side; whether there were any. */
  private meet(mine: Side, other: Side, arrival: Arrival): boolean {
    const { state, rules } = other;
    if (rules.widthMs === null) return this.meetBucket(mine, other, arrival, 0);
    const first = state.bucketOf(arrival.placeMs + mine.rules.fromMs);
    const last = state.bucketOf(arrival.placeMs + mine.rules.toMs);
    const isOnce = this.node.type === 'semi' && mine.rules.tag === LEFT;
    let met = false;
    if (Number.isFinite(last - first)) {
      for (let bucket = first; bucket <= last && !(isOnce && met); bucket += 1) {
        met = this.meetBucket(mine, other, arrival, bucket) || met;
      }
      return met;
    }
    for (const bucket of state.buckets()) {
      if (bucket < first || bucket > last || (isOnce && met)) continue;
      met = this.meetBucket(mine, other, arrival, bucket) || met;
    }
    return met;
  }

  private meetBucket(mine: Side, other: Side, arrival: Arrival, bucket: number): boolean {
    const { state } = other;
    let met = false;
    for (let chunk = 0; ; chunk += 1) {
      const entries = state.entriesAt(bucket, chunk, arrival.keyId);
      if (entries === null) return met;
      met = this.meetEntries(mine, other, arrival, { bucket, chunk, entries }) || met;
      const isDone = met && this.node.type === 'semi' && mine.rules.tag === LEFT;
      if (isDone || !state.goesOn(entries, chunk)) return met;
    }
  }

  private meetEntries(
    mine: Side,
    other: Side,
    arrival: Arrival,
    stored: { readonly bucket: number; readonly chunk: number; readonly entries: Entries },
  ): boolean {
    const { node, sized } = this;
    const { state, rules } = other;
    const { bucket, chunk, entries } = stored;
    const isLeft = mine.rules.tag === LEFT;
    const once = node.type === 'semi' && !isLeft;
    const base = state.baseOf(bucket);
    let met = false;
    let marked: unknown[] | null = null;
    for (let at = 0; at < entries.length; at += state.stride) {
      const place = entries[at + ENTRY.place] as number | null;
      const placeMs = place === null ? Number.NaN : base + place;
      if (node.window !== null && placeMs !== arrival.placeMs) continue;
      const timeMs = sized ? placeMs + (entries[at + ENTRY.time] as number) : placeMs;
      if (node.within !== null) {
        const aheadMs = isLeft ? timeMs - arrival.timeMs : arrival.timeMs - timeMs;
        if (!this.isWithin(aheadMs)) continue;
      }
      if (once && entries[at + ENTRY.met] === 1) continue;
      const partner = { row: entries[at + ENTRY.row], timeMs };
      const isPair = isLeft
        ? this.results.pair(arrival, partner, placeMs)
        : this.results.pair(partner, arrival, placeMs);
      if (!isPair) continue;
      met = true;
      if (rules.marks && entries[at + ENTRY.met] === 0) {
        marked ??= entries.slice();
        marked[at + ENTRY.met] = 1;
      }
      if (isLeft && node.type === 'semi') return true;
    }
    if (marked !== null) {
      this.context.pass.reached = true;
      state.replace({ bucket, chunk, keyId: arrival.keyId }, marked);
    }
    return met;
  }

  private isWithin(aheadMs: number): boolean {
    const { lowerMs, upperMs, bound } = this;
    return (
      (aheadMs > lowerMs || (aheadMs === lowerMs && bound.lowerInclusive)) &&
      (aheadMs < upperMs || (aheadMs === upperMs && bound.upperInclusive))
    );
  }

  private giveOutDue(side: Side, previous: GroupWatermarks, current: GroupWatermarks): void {
    const { state, rules } = side;
    for (const { entries, at, bucket } of state.due(previous, current)) {
      const placeMs = state.baseOf(bucket) + (entries[at + ENTRY.place] as number);
      const timeMs = this.sized ? placeMs + (entries[at + ENTRY.time] as number) : placeMs;
      this.results.aloneAtEnd(rules.tag, { row: entries[at + ENTRY.row], timeMs }, placeMs);
    }
  }
}

/** Whether a value of the key is null; nearly all keys are told by their text alone. */
function holdsNull(text: string, key: KeyReader): boolean {
  if (text.charCodeAt(0) !== 0 || !text.includes('null')) return false;
  return key.valuesOf(text).includes(null);
}

function sameFields(left: KeySpec, right: KeySpec): boolean {
  const names = ({ selectors }: KeySpec) =>
    selectors.map((each) => (each.kind === 'field' ? each.field : null));
  const [lefts, rights] = [names(left), names(right)];
  return lefts.every((name, index) => name !== null && name === rights[index]);
}

/** What state depends on: keys, which rows meet and expire when, and how rows lie in buckets. */
function schemaIdOf(
  { type, leftKey, rightKey, nullSafe, within, window }: JoinNode,
  rules: readonly [SideRules, SideRules],
): string {
  const bound = within ?? OPEN;
  const withinText =
    `${bound.lowerInclusive ? '[' : '('}${bound.lowerMs}, ` +
    `${bound.upperMs}${bound.upperInclusive ? ']' : ')'}`;
  const windowText = window === null ? '' : ` window ${window.sizeMs}/${window.slideMs}`;
  const [left, right] = rules.map(({ widthMs }) => widthMs ?? 'none');
  return (
    `${type} join of ${JSON.stringify(leftKey.fields)} with ${JSON.stringify(rightKey.fields)}` +
    `${nullSafe ? ' null-safe' : ''} within ${withinText}${windowText} buckets ${left}/${right}`
  );
}
