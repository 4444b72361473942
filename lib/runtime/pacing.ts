// Keeps the count of starts that user code did not survive. A warm task at its head notes nothing; a
// cold start may follow a death, so it writes its note before user code runs and takes it back when
// user code has returned. A note that could not be taken back is remembered here: as long as this
// process lives, that start was no death.

import type { AttemptNote } from '../model/commit.ts';
import { asBatchNumber, type LogId } from '../model/ids.ts';
import type { Position } from '../model/record.ts';
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
import type { WarmState } from './warm-states.ts';

export interface PacingPorts {
  readonly commits: CommitLog;
  readonly logger: Logger;
}

export class Pacing {
  private readonly ports: PacingPorts;
  /** Notes that this process outlived and could not take back. */
  private readonly survived = new Map<LogId, AttemptNote>();

  constructor(ports: PacingPorts) {
    this.ports = ports;
  }

  /** Decides and notes the first prefix of a batch. */
  start(
    warm: WarmState,
    batch: { readonly first: Position; readonly pending: number },
  ): Promise<Pace> {
    if (warm.coldNote === null) return Promise.resolve(FULL_PACE);
    const { found } = warm.coldNote;
    const survived = this.survived.get(warm.log);
    const counted = found !== null && isSame(found, survived) ? takeBack(found) : found;
    const start = { ...startOf(warm, batch.first), pending: batch.pending };
    return this.noted(warm.log, decidePace(counted, start));
  }

  /** Decides and notes the prefix after one that was committed. */
  next(pace: Pace, warm: WarmState, first: Position): Promise<Pace> {
    return this.noted(warm.log, continuePace(pace, startOf(warm, first)));
  }

  /** User code has returned: whatever ends the process from here on, it was not the record. */
  async survive(log: LogId, { note }: Pace): Promise<void> {
    if (note === null) return;
    this.survived.set(log, note);
    try {
      await this.ports.commits.noteAttempt({ ...takeBack(note), log });
      this.survived.delete(log);
    } catch {
      this.ports.logger.warn('an attempt could not be taken back', { log });
    }
  }

  private async noted(log: LogId, pace: Pace): Promise<Pace> {
    if (pace.note !== null) await this.ports.commits.noteAttempt({ ...pace.note, log });
    return pace;
  }
}

const startOf = (warm: WarmState, first: Position): AttemptStart => ({
  head: warm.head?.batchNumber ?? asBatchNumber(0),
  first: `${first.sequenceNumber}:${first.subSequenceNumber}`,
});

const isSame = (found: AttemptNote, survived: AttemptNote | undefined) =>
  survived !== undefined &&
  found.head === survived.head &&
  found.first === survived.first &&
  found.attempts === survived.attempts;
