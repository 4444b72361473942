// What sessions give out at the end of a batch. Append: the sessions that the watermark has closed,
// and those that were closed before, are kept for late rows and got some. Update: the sessions that
// this batch wrote. Complete: all. They come by start, then by group and key, so that the same batch
// gives the same bytes in every sandbox.

import type { ResultPushes } from './emission.ts';
import type { GroupWatermarks } from './group-watermarks.ts';
import type { Pass, Push } from './pass.ts';
import { windowTimeOf } from './result-rows.ts';
import type { Session, SessionOperator } from './session-operator.ts';

export interface SessionEmission {
  readonly operator: SessionOperator;
  readonly pushes: ResultPushes;
  readonly pass: Pass;
}

/** Emits the sessions of this batch, then forgets those that are done. */
export function closeSessions(emission: SessionEmission, current: GroupWatermarks): void {
  const { operator, pushes } = emission;
  const { append, chained, update, complete } = pushes;
  if (complete !== null) emitSessions(emission, complete, operator.endedBy(null));
  if (update !== null) {
    const written = operator.endedBy(null).filter((session) => operator.isWritten(session));
    emitSessions(emission, update, written);
  }
  const ended = operator.endedBy(current);
  if (append !== null || chained !== null) {
    const changed = ended.filter((session) => operator.isChanged(session));
    if (append !== null) emitSessions(emission, append, changed);
    if (chained !== null)
      emitSessions(emission, chained, changed, ({ endMs }) => windowTimeOf(endMs));
    if (operator.keepsEnded) for (const session of changed) operator.settle(session);
  }
  operator.evict(ended, current);
}

function emitSessions(
  { operator, pass }: SessionEmission,
  push: Push,
  sessions: readonly Session[],
  timeOf: (session: Session) => number = ({ startMs }) => startMs,
): void {
  const { accumulation, results } = operator;
  const { keys } = operator.draft;
  for (const session of sessions) {
    const { keyId, rows, slot, startMs, endMs } = session;
    const row = results.begin(keys.textOf(keyId), results.textsOf(startMs, endMs));
    pass.run(() => {
      accumulation.writeResults(row, rows, slot);
      push(row, timeOf(session));
    }, row);
  }
}
