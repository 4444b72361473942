// What a stream that is being written knows of its event time.

import { type DraftNode, pathTo } from './graph.ts';
import { isClock } from './plan.ts';

/** The fields that hold the event time of a stream's rows: the same in all of its branches. */
export function timeFieldsOf(head: DraftNode): readonly string[] {
  const declared = pathTo(head, declaresTime).filter(declaresTime);
  const [first, ...others] = declared.map(fieldsOf);
  return (first ?? []).filter((field) => others.every((fields) => fields.includes(field)));
}

/** The greatest delay of the watermarks that count for a stream; 0 where there is none. */
export function greatestDelayMs(head: DraftNode): number {
  const clocks = pathTo(head, declaresWatermark).filter(declaresWatermark);
  return Math.max(0, ...clocks.map(({ body }) => (body.kind === 'watermark' ? body.delayMs : 0)));
}

/** Behind a source that is reached without any of the others, rows have no event time. */
const ENDS: ReadonlySet<string> = new Set(['event-time', 'kinesis-source']);

const declaresWatermark = ({ body }: DraftNode) => isClock(body);

function declaresTime(node: DraftNode): boolean {
  return declaresWatermark(node) || ENDS.has(node.body.kind) || hasWindow(node);
}

function hasWindow({ body }: DraftNode): boolean {
  return (body.kind === 'aggregate' || body.kind === 'reduce') && body.window !== null;
}

function fieldsOf(node: DraftNode): readonly string[] {
  const { body } = node;
  if (body.kind === 'watermark' || body.kind === 'event-time') {
    return body.time.kind === 'field' ? [body.time.field] : [];
  }
  return hasWindow(node) ? ['windowStart', 'windowEnd'] : [];
}
