// Drives what the service invokes: which sandbox gets the batch, how the invocation ends, and what the
// service believes of it. The faults of invocations strike here.

import type { Invocation, Outcome } from '../../cloud/lambda/invocation.ts';
import type { DeliveredRecord } from '../../model/record.ts';
import type { RecordOrigin } from '../../runtime/batch.ts';
import type { Chance } from '../faults/chance.ts';
import type { InvocationFaultKind } from '../faults/fault-plan.ts';
import type { ErrorWatch } from '../watch/error-watch.ts';
import type { Watchers } from '../watch/watchers.ts';
import type { Deployment } from './deployment.ts';
import { DAY_MS, MINUTE_MS, type Run } from './run.ts';
import type { Sandbox } from './sandbox.ts';
import type { Sandboxes } from './sandboxes.ts';

const TIMEOUT_MS = 60_000;

/** What a sandbox is invoked with: records of one shard, or a tick. */
interface Delivery {
  readonly records: readonly DeliveredRecord[];
  /** Place of the invocation among all with records; -1 for a tick. */
  readonly ordinal: number;
  readonly fault: InvocationFaultKind | undefined;
  readonly chance: Chance;
  /** To be called when the fault has its effect. */
  readonly struck: () => void;
}

const NO_EFFECT = () => undefined;

interface InvocationsOptions {
  readonly run: Run;
  readonly deployment: Deployment;
  readonly sandboxes: Sandboxes;
  readonly watchers: Watchers;
  readonly errors: ErrorWatch;
}

export class Invocations {
  count = 0;
  /** Whether the service may have something new to do. */
  serviceChanged = true;
  private readonly options: InvocationsOptions;
  private readonly run: Run;
  private readonly inFlight = new Set<string>();
  private wakeAtMs = Infinity;
  private tickCount = 0;

  constructor(options: InvocationsOptions) {
    this.options = options;
    this.run = options.run;
  }

  /** Starts what the service wants to invoke now, and wakes up when it wants more. */
  startDue(): void {
    const { scheduler, cloud } = this.run;
    while (this.serviceChanged || this.wakeAtMs <= scheduler.nowMs) {
      this.serviceChanged = false;
      for (const invocation of cloud.due(scheduler.nowMs)) this.start(invocation);
      this.wakeAtMs = cloud.nextDueMs(scheduler.nowMs) ?? Infinity;
      if (this.wakeAtMs < Infinity) scheduler.at(this.wakeAtMs, () => undefined);
    }
  }

  /** Lets a batch without records run for every log, as a schedule would do it. */
  tickAll(): void {
    const { inOneTask } = this.run.pipeline;
    for (const shard of inOneTask ? [null] : this.options.deployment.shards) this.tick(shard);
  }

  /** The service forgets all that is under way. */
  abandonAll(): void {
    this.run.cloud.abandon();
    this.inFlight.clear();
  }

  get isDrained(): boolean {
    const { cloud, scheduler } = this.run;
    return this.inFlight.size === 0 && cloud.nextDueMs(scheduler.nowMs) === null;
  }

  private start(invocation: Invocation): void {
    const { calm, faults, scheduler } = this.run;
    const { deployment, sandboxes } = this.options;
    const ordinal = this.count;
    this.count += 1;
    const fault = calm ? undefined : faults.ofInvocation(ordinal);
    const chance = this.run.chanceOf('invocation', ordinal);
    this.run.note(`invoke ${ordinal} ${shardOf(invocation)} ${fault ?? ''}`);
    const struck = () => void (fault !== undefined && faults.invocationStruck(fault, ordinal));
    if (fault === 'not-started') {
      struck();
      this.settle(invocation, { kind: 'not-started' });
      return;
    }
    const { Records: records } = JSON.parse(invocation.payload()) as { Records: DeliveredRecord[] };
    const version = deployment.versionFor(invocation, chance);
    let settled = false;
    const settle = (outcome: Outcome) => {
      if (settled) return;
      settled = true;
      this.settle(invocation, outcome);
    };
    this.inFlight.add(invocation.id);
    const sandbox = sandboxes.sandboxFor(version, { fault, chance, struck });
    this.deliver(sandbox, { records, ordinal, fault, chance, struck }, settle);
    if (fault === 'forsaken') {
      scheduler.after(chance.below(2_000), () => {
        if (!settled) struck();
        settle({ kind: 'failed' });
      });
    }
    if (fault !== 'twice' && fault !== 'again') return;
    const delayMs = fault === 'twice' ? chance.below(200) : chance.between(1_000, 10 * MINUTE_MS);
    scheduler.after(delayMs, () => {
      const other = sandboxes.otherFor(version, chance);
      struck();
      this.deliver(other, { records, ordinal, fault: undefined, chance, struck }, () => undefined);
    });
  }

  private deliver(sandbox: Sandbox, event: Delivery, settle: (outcome: Outcome) => void): void {
    const { watchers } = this.options;
    const { records } = event;
    watchers.delivered(sandbox.id, records);
    this.runIn(sandbox, event, {
      settle,
      handle: (deadlineMs) => sandbox.task!.handle(records, { deadlineMs }),
      answered: (response) => watchers.returned(sandbox.id, records, response),
    });
  }

  private tick(shard: RecordOrigin | null): void {
    const { deployment, sandboxes, watchers } = this.options;
    const chance = this.run.chanceOf('tick', this.tickCount);
    this.tickCount += 1;
    const { version } = deployment;
    const sandbox = this.run.calm
      ? sandboxes.sandboxFor(version, { fault: undefined, chance, struck: NO_EFFECT })
      : sandboxes.otherFor(version, chance);
    this.run.note(`tick ${shard?.shardId ?? ''} in ${sandbox.id}`);
    watchers.ticked(sandbox.id, shard);
    const event = { ordinal: -1, fault: undefined, chance, struck: NO_EFFECT };
    this.runIn(sandbox, event, {
      settle: NO_EFFECT,
      handle: (deadlineMs) =>
        sandbox.task!.tick({ deadlineMs, ...(shard === null ? {} : { shard }) }),
      answered: () => watchers.endedTick(sandbox.id),
    });
  }

  private runIn<Answer>(
    sandbox: Sandbox,
    event: Omit<Delivery, 'records'>,
    work: {
      readonly handle: (deadlineMs: number) => Promise<Answer>;
      /** Is told the answer of a sandbox that lives. */
      readonly answered: (answer: Answer) => void;
      readonly settle: (outcome: Outcome) => void;
    },
  ): void {
    const { scheduler, scenario } = this.run;
    const { errors } = this.options;
    const { ordinal, fault, chance, struck } = event;
    sandbox.busy = true;
    sandbox.invocation = ordinal;
    if (fault === 'short') struck();
    const timeoutMs = fault === 'short' ? chance.between(2_050, 4_000) : TIMEOUT_MS;
    let ended = false;
    const end = (outcome: Outcome) => {
      if (ended) return;
      ended = true;
      this.run.note(`end ${ordinal} in ${sandbox.id} ${outcome.kind}`);
      work.settle(outcome);
    };
    const timeout = scheduler.after(timeoutMs, () => {
      if (!sandbox.isFrozen) sandbox.die();
      end({ kind: 'failed' });
    });
    if (fault === 'clock-jump') {
      const byMs = chance.pick([-15 * MINUTE_MS, 15 * MINUTE_MS, 3_650 * DAY_MS]);
      scheduler.after(chance.below(100), () => {
        if (!sandbox.isDead && sandbox.busy) struck();
        sandbox.jumpClock(byMs);
      });
    }
    const finish = (outcome: Outcome) => {
      if (sandbox.isDead) return;
      sandbox.busy = false;
      sandbox.idleSinceMs = scheduler.nowMs;
      timeout();
      end(outcome);
    };
    const deadlineMs = sandbox.clock.nowMs() + timeoutMs;
    const handle = () => work.handle(deadlineMs);
    const { surroundings } = scenario;
    const handled =
      surroundings === undefined ? handle() : surroundings.invocation(sandbox, handle);
    handled.then(
      (answer) => {
        if (!sandbox.isDead) work.answered(answer);
        finish({ kind: 'returned', response: answer });
      },
      (error: unknown) => {
        if (!sandbox.isDead) errors.failed(sandbox, error);
        finish({ kind: 'failed' });
      },
    );
    // A sandbox that user code ended takes its invocation along; the service notices at once.
    if (sandbox.isDead) end({ kind: 'failed' });
    else scheduler.after(0, () => void (sandbox.isDead && end({ kind: 'failed' })));
  }

  private settle(invocation: Invocation, outcome: Outcome): void {
    this.inFlight.delete(invocation.id);
    this.run.cloud.settle(invocation.id, outcome, this.run.scheduler.nowMs);
    this.serviceChanged = true;
  }
}

const shardOf = ({ trigger }: Invocation) =>
  trigger.kind === 'stream' ? `${trigger.shardId} +${trigger.recordCount}` : '';
