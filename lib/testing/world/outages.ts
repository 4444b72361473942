// Which services do not answer at a moment.

import { isRowTable, OUTPUT_BUCKET } from '../watch/sink-watch.ts';
import type { TracedCall } from './network.ts';
import { MINUTE_MS, type Run } from './run.ts';

/** Everything, the sinks alone, or whatever stores something new. */
export type OutageKind = 'outage' | 'sink-outage' | 'no-puts';

const PUTS: ReadonlySet<string> = new Set(['PutItem', 'PutObject', 'CopyObject']);

export class Outages {
  private readonly run: Run;
  private readonly untilMs = new Map<OutageKind, number>();
  /** Those that have refused no call yet. */
  private readonly unfelt = new Set<OutageKind>();

  constructor(run: Run) {
    this.run = run;
  }

  begin(kind: OutageKind): void {
    const { chance, scenario, scheduler } = this.run;
    const [min, max] = scenario.longOutages === true ? [20, 120] : [1, 5];
    this.unfelt.add(kind);
    this.untilMs.set(kind, scheduler.nowMs + chance.between(min!, max!) * MINUTE_MS);
  }

  endAll(): void {
    this.untilMs.clear();
  }

  /** Whether what the call is for is down now. */
  isDown({ operation, input }: TracedCall): boolean {
    const isSink = isRowTable(input['TableName']) || input['Bucket'] === OUTPUT_BUCKET;
    return (
      this.refuses('outage') ||
      (isSink && this.refuses('sink-outage')) ||
      (PUTS.has(operation) && this.refuses('no-puts'))
    );
  }

  private refuses(kind: OutageKind): boolean {
    if (this.run.scheduler.nowMs >= (this.untilMs.get(kind) ?? 0)) return false;
    if (this.unfelt.delete(kind)) this.run.faults.worldStruck(kind);
    return true;
  }
}
