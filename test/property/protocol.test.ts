import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AttemptNote, Commit, CommitHeader } from '../../lib/model/commit.ts';
import { EngineError } from '../../lib/model/errors.ts';
import { asBatchNumber, asCommitId, type BatchNumber } from '../../lib/model/ids.ts';
import { ATTEMPTS_BEFORE_ISOLATION, LONE_DEATHS_MAX } from '../../lib/model/limits.ts';
import type { CommitLog, CommitPage } from '../../lib/ports/commit-log.ts';
import { decideRefusedAppend } from '../../lib/protocol/append.ts';
import type { ChainHead } from '../../lib/protocol/chain.ts';
import {
  continuePace,
  decidePace,
  FULL_PACE,
  type Pace,
  takeBack,
} from '../../lib/protocol/isolation.ts';
import { isSlotFree, slotOf } from '../../lib/protocol/ring.ts';
import { followLog } from '../../lib/runtime/follow-log.ts';
import { aHeader } from '../support/headers.ts';
import { cases } from './cases.ts';

/** The table of one log: slots with the condition of the real one, and every commit ever taken. */
class Ring {
  readonly slots = new Map<number, Commit>();
  readonly history: Commit[] = [];
  readonly size: number;

  constructor(size: number) {
    this.size = size;
  }

  get head(): ChainHead {
    return this.headAt(this.history.length);
  }

  headAt(batchNumber: number): ChainHead {
    return { batchNumber, commitId: this.history[batchNumber - 1]?.header.commitId ?? null };
  }

  /** The stored item when the condition fails; `undefined` when the commit was taken. */
  append(header: CommitHeader): CommitHeader | null | undefined {
    const { batchNumber } = header;
    const slot = slotOf(batchNumber, this.size);
    const stored = this.slots.get(slot)?.header ?? null;
    const free =
      batchNumber <= this.size ? stored === null : stored?.batchNumber === batchNumber - this.size;
    if (!free) return stored;
    // The law of the ring: only what follows the head is ever taken.
    expect(batchNumber).toBe(this.history.length + 1);
    expect(header.previousCommitId).toBe(this.head.commitId);
    const commit: Commit = { header, body: { kind: 'inline', bytes: new Uint8Array() } };
    this.slots.set(slot, commit);
    this.history.push(commit);
    return undefined;
  }

  /** Pages as DynamoDB gives them: a limit that was reached looks like more, even at the end. */
  log(): CommitLog {
    return {
      read: ({ firstSlot, lastSlot, limit }) => {
        const found = [...this.slots]
          .filter(([slot]) => slot >= firstSlot && slot <= lastSlot)
          .sort(([left], [right]) => left - right)
          .slice(0, limit)
          .map(([, commit]) => commit);
        const page: CommitPage = { commits: found, truncated: found.length === limit };
        return Promise.resolve(page);
      },
    } as CommitLog;
  }
}

interface Writer {
  head: ChainHead;
  coveredTo: number;
}

const ringSize = fc.integer({ min: 2, max: 8 });
const step = fc.record({
  writer: fc.nat(2),
  /** Requests that are sent now, lost after they were applied, or delivered up to 60 steps later. */
  fate: fc.constantFrom('sent', 'sent', 'reply lost', 'delayed', 'fold', 'learn', 'learn'),
  delay: fc.nat(60),
  expected: fc.integer({ min: 1, max: 9 }),
});

/** Everything that was read after `from`, or how the reading ended instead. */
async function readAfter(ring: Ring, from: ChainHead, expected: number) {
  const links: Commit[] = [];
  const position = { log: aHeader().log, ringSize: ring.size, head: from };
  const outcome = await followLog(ring.log(), position, {
    expected,
    onLinks: async (more) => void links.push(...more),
  });
  return { outcome, links };
}

describe('the ring', () => {
  test('takes only what follows the head, whoever is laps behind and whatever comes late', async () => {
    await fc.assert(
      fc.asyncProperty(ringSize, fc.array(step, { maxLength: 80 }), async (size, steps) => {
        const ring = new Ring(size);
        const none: ChainHead = { batchNumber: 0, commitId: null };
        const writers: Writer[] = [0, 1, 2].map(() => ({ head: none, coveredTo: 0 }));
        const underWay: { at: number; header: CommitHeader }[] = [];
        let checkpoints = { newest: 0, previous: 0 };
        for (const [at, { writer: index, fate, delay, expected }] of steps.entries()) {
          for (const late of underWay.filter((each) => each.at === at)) ring.append(late.header);
          const writer = writers[index]!;
          if (fate === 'fold') {
            checkpoints = { newest: ring.history.length, previous: checkpoints.newest };
            continue;
          }
          if (fate === 'learn') {
            // A cold reader begins at the newest checkpoint and must come to the head.
            const from = ring.headAt(checkpoints.newest);
            const { outcome, links } = await readAfter(ring, from, expected);
            expect(outcome).toBe('end');
            expect(links).toEqual(ring.history.slice(checkpoints.newest));
            writer.head = ring.head;
            writer.coveredTo = checkpoints.previous;
            continue;
          }
          const batchNumber = asBatchNumber(writer.head.batchNumber + 1);
          if (!isSlotFree(batchNumber, { size, coveredTo: writer.coveredTo })) continue;
          const header = aHeader({
            batchNumber,
            ringSize: size,
            commitId: asCommitId(`commit-${at}`),
            previousCommitId: writer.head.commitId,
          });
          if (fate === 'delayed') {
            underWay.push({ at: at + 1 + delay, header });
            continue;
          }
          let stored = ring.append(header);
          if (fate === 'reply lost') stored = ring.append(header);
          await obey({ ring, writer, header, stored });
        }
      }),
      cases(),
    );
  });

  /** What a writer learns from an answer is true of the log. */
  async function obey(answer: {
    readonly ring: Ring;
    readonly writer: Writer;
    readonly header: CommitHeader;
    readonly stored: CommitHeader | null | undefined;
  }) {
    const { ring, writer, header, stored } = answer;
    const { batchNumber, commitId } = header;
    const taken = ring.history[batchNumber - 1]?.header;
    if (stored === undefined) {
      expect(taken?.commitId).toBe(commitId);
      writer.head = { batchNumber, commitId };
      return;
    }
    const decision = decideRefusedAppend(header, stored);
    expect(decision.kind).not.toBe('corrupt');
    expect(decision.kind === 'committed').toBe(taken?.commitId === commitId);
    if (decision.kind === 'committed') writer.head = { batchNumber, commitId };
    if (decision.kind === 'fenced') {
      expect(stored).toBe(taken);
      const head = { batchNumber, commitId: stored!.commitId };
      const { outcome, links } = await readAfter(ring, head, 2);
      // A winner whose own follower is overwritten already is caught up with from the pointer.
      if (outcome === 'end') expect(links).toEqual(ring.history.slice(batchNumber));
      else expect(ring.history.length).toBeGreaterThan(batchNumber + ring.size);
      writer.head = outcome === 'end' ? ring.head : { batchNumber, commitId: head.commitId };
    }
    if (decision.kind === 'overtaken') {
      expect(ring.history.length).toBeGreaterThanOrEqual(batchNumber + ring.size);
    }
  }

  test('knows an item that no writer of this log can have left', () => {
    const mine = { batchNumber: asBatchNumber(9), ringSize: 4, previousCommitId: asCommitId('p') };
    const stored = fc.record({
      batchNumber: fc.constantFrom(1, 5, 8, 9, 9, 9, 10, 13, 17, 18).map(asBatchNumber),
      ringSize: fc.constantFrom(4, 4, 4, 5),
      previousCommitId: fc.constantFrom('p', 'q').map(asCommitId),
      incarnation: fc.constantFrom('this', 'this', 'that'),
      commitId: fc.constantFrom('mine', 'other', 'other').map(asCommitId),
    });
    fc.assert(
      fc.property(stored, (found) => {
        const header = aHeader({ ...mine, commitId: asCommitId('mine'), incarnation: 'this' });
        const { kind } = decideRefusedAppend(header, aHeader(found));
        const isOurLog = found.ringSize === 4 && found.incarnation === 'this';
        const laps = (found.batchNumber - 9) / 4;
        if (found.commitId === 'mine') expect(kind).toBe('committed');
        else if (isOurLog && laps === 0 && found.previousCommitId === 'p')
          expect(kind).toBe('fenced');
        else if (isOurLog && laps > 0 && Number.isInteger(laps)) expect(kind).toBe('overtaken');
        else expect(kind).toBe('corrupt');
      }),
      cases(),
    );
  });

  const filled = (size: number, count: number) => {
    const ring = new Ring(size);
    for (let n = 1; n <= count; n += 1) {
      ring.append(
        aHeader({
          batchNumber: asBatchNumber(n),
          ringSize: size,
          commitId: asCommitId(`commit-${n}`),
          previousCommitId: ring.head.commitId,
        }),
      );
    }
    return ring;
  };

  test('gives a reader all later commits, or tells it that it is too old', async () => {
    await fc.assert(
      fc.asyncProperty(
        ringSize,
        fc.nat(40),
        fc.nat(40),
        fc.integer({ min: 1, max: 12 }),
        async (size, count, from, expected) => {
          const ring = filled(size, count);
          const start = Math.min(from, count);
          const { outcome, links } = await readAfter(ring, ring.headAt(start), expected);
          const isStillThere = start >= count - size;
          expect(outcome).toBe(isStillThere ? 'end' : 'overtaken');
          if (isStillThere) expect(links).toEqual(ring.history.slice(start));
        },
      ),
      cases(2_000),
    );
  });

  test('never ends at damage: a hole, a foreign commit or a swapped slot is corruption', async () => {
    const damage = fc.constantFrom('hole', 'foreign', 'older lap', 'swapped', 'other size');
    await fc.assert(
      fc.asyncProperty(
        ringSize,
        fc.integer({ min: 1, max: 40 }),
        fc.nat(),
        fc.nat(),
        damage,
        fc.integer({ min: 1, max: 12 }),
        async (size, count, back, pick, kind, expected) => {
          const ring = filled(size, count);
          const start = Math.max(0, count - 1 - (back % size));
          // A slot that was never written cannot be told from a hole behind the head of the first lap.
          const last = kind === 'hole' && count <= size ? count - 1 : count;
          fc.pre(last > start);
          const victim = start + 1 + (pick % (last - start));
          // Nothing lies behind the last slot of the first lap either: the reader stops there.
          fc.pre(kind !== 'hole' || victim !== size - 1);
          const slot = slotOf(asBatchNumber(victim), size);
          const commit = ring.slots.get(slot)!;
          const replace = (overrides: Partial<CommitHeader>) =>
            ring.slots.set(slot, { ...commit, header: { ...commit.header, ...overrides } });
          if (kind === 'hole') ring.slots.delete(slot);
          if (kind === 'foreign') replace({ previousCommitId: asCommitId('foreign') });
          if (kind === 'other size') replace({ ringSize: size + 1 });
          if (kind === 'older lap') replace({ batchNumber: asBatchNumber(victim + 2 * size + 1) });
          if (kind === 'swapped') {
            const other = slotOf((victim + 1) as BatchNumber, size);
            const neighbour = ring.slots.get(other);
            // Batch 1 in slot 0 looks like the end of the first lap; the adapter checks slots itself.
            fc.pre(neighbour !== undefined && slot !== 0 && other !== 0);
            ring.slots.set(slot, neighbour).set(other, commit);
          }
          const reading = readAfter(ring, ring.headAt(start), expected);
          await expect(reading).rejects.toThrow(EngineError);
          await expect(reading).rejects.toMatchObject({ code: 'log-corrupt' });
        },
      ),
      cases(2_000),
    );
  });
});

describe('isolation', () => {
  /** A batch of records that is delivered again until all are decided; each death ends a process. */
  function run(
    batch: { readonly length: number; readonly poison: ReadonlySet<number> },
    luck: { readonly bad: readonly number[]; readonly ends: readonly number[] },
  ) {
    const setAside: number[] = [];
    const ran: number[] = [];
    let [done, head, starts] = [0, 1, 0];
    let [deaths, idleDeaths, loneDeaths] = [0, 0, 0];
    let note: AttemptNote | null = null;
    const idleDeathsMax =
      ATTEMPTS_BEFORE_ISOLATION + LONE_DEATHS_MAX + Math.ceil(Math.log2(batch.length)) + 1;
    while (done < batch.length) {
      expect(idleDeaths).toBeLessThanOrEqual(idleDeathsMax);
      // Lambda may deliver the same start with another end.
      const shorter = luck.ends[starts % luck.ends.length]!;
      const end = Math.max(done + 1, batch.length - (shorter % batch.length));
      starts += 1;
      const start = () => ({ head: asBatchNumber(head), first: `${done}:0` });
      let pace: Pace = decidePace(note, { ...start(), pending: end - done });
      if (pace.note !== null) note = pace.note;
      for (let died = false; !died && done < end; ) {
        expect(pace.recordsMax).toBeGreaterThanOrEqual(1);
        const next = Math.min(end, done + pace.recordsMax);
        if (pace.poison) {
          expect(loneDeaths).toBeGreaterThanOrEqual(LONE_DEATHS_MAX);
          setAside.push(done);
          done += 1;
        } else {
          const records = Array.from({ length: next - done }, (_, index) => done + index);
          const isBadLuck = luck.bad.includes(starts) && pace.note !== null;
          died = isBadLuck || records.some((record) => batch.poison.has(record));
          if (died) {
            deaths += 1;
            idleDeaths += 1;
            if (pace.recordsMax === 1) loneDeaths += 1;
            break;
          }
          ran.push(...records);
          done = next;
        }
        idleDeaths = 0;
        loneDeaths = 0;
        if (pace.note !== null) note = takeBack(pace.note);
        head += 1;
        if (done >= end) break;
        pace = pace === FULL_PACE ? FULL_PACE : continuePace(pace, start());
        if (pace.note !== null) note = pace.note;
      }
    }
    return { setAside, ran, deaths };
  }

  const batches = fc.integer({ min: 1, max: 600 }).chain((length) =>
    fc.record({
      length: fc.constant(length),
      poison: fc.uniqueArray(fc.nat(length - 1), { maxLength: 3 }).map((found) => new Set(found)),
    }),
  );
  const ends = fc.array(fc.oneof(fc.constant(0), fc.nat()), { minLength: 1, maxLength: 5 });

  test('needs few deaths for each record that kills', () => {
    fc.assert(
      fc.property(batches, (batch) => {
        const { deaths } = run(batch, { bad: [], ends: [0] });
        // Full starts, one for each halving, and the lonely ones.
        const each = ATTEMPTS_BEFORE_ISOLATION + LONE_DEATHS_MAX;
        const deathsMax = (each + Math.ceil(Math.log2(batch.length))) * batch.poison.size;
        expect(deaths).toBeLessThanOrEqual(deathsMax);
      }),
      cases(),
    );
  });

  test('sets aside every record that kills, none that does not, and always goes on', () => {
    fc.assert(
      fc.property(batches, ends, (batch, lengths) => {
        const { setAside, ran } = run(batch, { bad: [], ends: lengths });
        expect(setAside).toEqual([...batch.poison].sort((left, right) => left - right));
        expect(ran.length + setAside.length).toBe(batch.length);
      }),
      cases(),
    );
  });

  test('two deaths by bad luck never condemn a healthy record', () => {
    const bad = fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { maxLength: 2 });
    fc.assert(
      fc.property(batches, ends, bad, (batch, lengths, starts) => {
        const { setAside } = run(batch, { bad: starts, ends: lengths });
        expect(setAside).toEqual([...batch.poison].sort((left, right) => left - right));
      }),
      cases(),
    );
  });
});
