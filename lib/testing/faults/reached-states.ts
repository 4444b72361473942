// A simulation that never meets a situation says nothing about it. What was reached is counted, and a
// campaign requires that each state was.

import type { Commit } from '../../model/commit.ts';
import type { TracedCall } from '../world/network.ts';
import type { SdkAnswer } from '../world/sdk-answers.ts';

export type Reached = ReadonlyMap<string, number>;

interface SlotItem {
  readonly n?: { readonly N: string };
  readonly id?: { readonly S: string };
}

export class ReachedStates {
  readonly counts = new Map<string, number>();

  count(state: string): void {
    this.counts.set(state, (this.counts.get(state) ?? 0) + 1);
  }

  logged(message: string): void {
    if (message === 'checkpoint unreadable, taking the older one') {
      this.count('fell back to the older checkpoint');
    }
    if (message === 'checkpoint written') this.count('checkpoint written by maintenance');
    if (message === 'an attempt could not be taken back') this.count(message);
  }

  applied({ operation, input }: TracedCall, answer: SdkAnswer): void {
    const {
      TableName: table,
      Item: mine,
      UpdateExpression: update,
    } = input as {
      TableName?: string;
      Item?: SlotItem;
      UpdateExpression?: string;
    };
    this.count(`called ${operation}`);
    if (answer.kind === 'output') {
      if (update?.includes('ptr') === true) this.count('pointer moved');
      if (operation === 'CopyObject') this.count('staged rows published');
      return;
    }
    if (answer.error.name !== 'ConditionalCheckFailedException') return;
    if (operation === 'UpdateItem') this.count('pointer move refused');
    if (operation !== 'PutItem') return;
    if (table !== 'log') this.count('repeated row refused');
    else this.refused(mine!, (answer.error as { Item?: SlotItem }).Item);
  }

  private refused(mine: SlotItem, stored: SlotItem | undefined): void {
    const laps = Number(stored?.n?.N) - Number(mine.n?.N);
    if (stored?.id?.S === mine.id?.S) this.count('own write recovered by its id');
    else if (laps === 0) this.count('fenced by a winner');
    else this.count('zombie refused laps later');
  }

  committed({ header, body }: Commit): void {
    const { counts } = header;
    this.count('commit');
    if (header.firstPosition === null) this.count('batch without records');
    if (Object.keys(header.positions).length > 1) this.count('commit to a shared log');
    if (counts.late > 0) this.count('late record');
    if (counts.lateRows > 0) this.count('late row of an applied record');
    if (counts.dead > 0) this.count('dead letter');
    if (counts.filtered > 0) this.count('filtered record');
    if (counts.duplicate > 0) this.count('duplicate dropped');
    if (body.kind === 'spilled') this.count('spilled body');
    if (header.batchNumber > header.ringSize) this.count('slot reused');
  }
}
