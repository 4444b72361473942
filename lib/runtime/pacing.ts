// Keeps the count of starts that user code did not survive. A warm task at its head notes nothing; a
// cold start may follow a death, so it writes its note before user code runs and takes it back when
// user code has returned. A note that could not be taken back is remembered here: as long as this
// process lives, that start was no death.
//
// Each shard has a note of its own. The log of one shard has it beside its checkpoints. Shards that share
// a log start on one head at the same time and would overwrite each other's note there, so it stands
// where the shard's own log would be. In such a log a sandbox that is warm for all of them may yet be cold
// for this one: it begins with a note at the first batch of each shard.

import type { AttemptNote } from '../model/commit.ts';
import { asBatchNumber, type LogId } from '../model/ids.ts';
import type { CommitLog } from '../ports/commit-log.ts';
import type { Logger } from '../ports/logger.ts';
import {
  type AttemptStart,
  continuePace,
  decidePace,
  FULL_PACE,
  type Pace,
  takeBack,
} from '../protocol/isolation.ts';
import { type Delivery, type ShardSpan, spansOf } from './delivery.ts';
import { type LogNames, positionKeyOf, shardLogOf } from './log-scope.ts';
import type { WarmState } from './warm-states.ts';

export interface PacingPorts {
  readonly commits: CommitLog;
  readonly logger: Logger;
}

/** What the next prefix may take, and under which log its note stands. */
export interface NotedPace extends Pace {
  readonly noteLog: LogId;
}

export class Pacing {
  private readonly ports: PacingPorts;
  private readonly names: LogNames;
  /** Notes that this process outlived and could not take back. */
  private readonly survived = new Map<LogId, AttemptNote>();

  constructor(ports: PacingPorts, names: LogNames) {
    this.ports = ports;
    this.names = names;
  }

  /** What a batch without records may do: no record of it can be set aside. */
  free(warm: WarmState): NotedPace {
    return { ...FULL_PACE, noteLog: warm.log };
  }

  /** Decides and notes the first prefix of a batch. */
  async start(warm: WarmState, delivery: Delivery): Promise<NotedPace> {
    const { decoded, shards } = delivery;
    const isWarm = shards.every(({ origin }) => warm.begun.has(positionKeyOf(origin)));
    if (isWarm) return this.free(warm);
    const noteLog = this.noteLogOf(warm, shards[0]!);
    const found =
      noteLog === warm.log
        ? warm.foundNote
        : (await this.ports.commits.readPointer(noteLog)).attempt;
    const survived = this.survived.get(noteLog);
    const counted = found !== null && isSame(found, survived) ? takeBack(found) : found;
    const start = { ...startOf(warm, delivery, 0), pending: decoded.count };
    return this.noted(noteLog, decidePace(counted, start));
  }

  /** Decides and notes the prefix after one that was committed; it begins at `from`. */
  next(
    pace: Pace,
    warm: WarmState,
    rest: Delivery & { readonly from: number },
  ): Promise<NotedPace> {
    const [shard] = spansOf(rest, { from: rest.from, to: rest.decoded.count });
    const noteLog = this.noteLogOf(warm, shard!);
    return this.noted(noteLog, continuePace(pace, startOf(warm, rest, rest.from)));
  }

  /** User code has returned: whatever ends the process from here on, it was not the record. */
  async survive({ note, noteLog: log }: NotedPace): Promise<void> {
    if (note === null) return;
    this.survived.set(log, note);
    try {
      await this.ports.commits.noteAttempt({ ...takeBack(note), log });
      this.survived.delete(log);
    } catch {
      this.ports.logger.warn('an attempt could not be taken back', { log });
    }
  }

  private noteLogOf({ log, shard }: WarmState, { origin }: ShardSpan): LogId {
    return shard === null ? shardLogOf(this.names, origin) : log;
  }

  private async noted(log: LogId, pace: Pace): Promise<NotedPace> {
    if (pace.note !== null) await this.ports.commits.noteAttempt({ ...pace.note, log });
    return { ...pace, noteLog: log };
  }
}

function startOf(warm: WarmState, { decoded }: Delivery, index: number): AttemptStart {
  const { sequenceNumber, subSequenceNumber } = decoded.positionOf(index);
  return {
    head: warm.head?.batchNumber ?? asBatchNumber(0),
    first: `${sequenceNumber}:${subSequenceNumber}`,
  };
}

const isSame = (found: AttemptNote, survived: AttemptNote | undefined) =>
  survived !== undefined &&
  found.head === survived.head &&
  found.first === survived.first &&
  found.attempts === survived.attempts;
