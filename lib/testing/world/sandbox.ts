// A sandbox of the simulation: the process that runs one version of the code, with the warm state
// that the partition task keeps in it. Whatever reaches it from outside comes through `receive`: a
// dead sandbox hears nothing any more, a frozen one hears everything when it is thawed.

import type { Clock } from '../../ports/clock.ts';
import type { PartitionTask } from '../../runtime/partition-task.ts';
import type { Scheduler } from './scheduler.ts';

export class Sandbox {
  readonly id: number;
  readonly version: number;
  readonly clock: Clock;
  task: PartitionTask | null = null;
  /** The invocation that it got last, by its place among all of the run; -1 before the first. */
  invocation = -1;
  idleSinceMs: number;
  /** Keys of objects that came back damaged since the invocation at hand began. */
  readonly damagedKeys = new Set<string>();
  /** Whether a permission was missing since then. */
  isDenied = false;
  private readonly scheduler: Scheduler;
  private dead = false;
  private handling = false;
  /** What user code let happen later, and what is held for as long as no invocation runs. */
  private asleep: (() => void)[] = [];
  /** What arrived while it was frozen; `null` while it runs. */
  private heldBack: (() => void)[] | null = null;
  /** What its clock is ahead of the true time. */
  private skewMs: number;

  constructor(options: {
    readonly id: number;
    readonly version: number;
    readonly skewMs: number;
    readonly scheduler: Scheduler;
  }) {
    const { id, version, scheduler, skewMs } = options;
    this.id = id;
    this.version = version;
    this.scheduler = scheduler;
    this.skewMs = skewMs;
    this.idleSinceMs = scheduler.nowMs;
    this.clock = {
      nowMs: () => scheduler.nowMs + this.skewMs,
      abortAt: (deadlineMs) => this.abortAt(deadlineMs),
    };
  }

  get isDead(): boolean {
    return this.dead;
  }

  get isFrozen(): boolean {
    return this.heldBack !== null;
  }

  get isIdle(): boolean {
    return !this.dead && !this.handling && this.heldBack === null;
  }

  /** Whether it handles an invocation; in between, its process does not run. */
  get busy(): boolean {
    return this.handling;
  }

  set busy(busy: boolean) {
    this.handling = busy;
    if (!busy) return;
    this.damagedKeys.clear();
    this.isDenied = false;
    const waking = this.asleep;
    this.asleep = [];
    for (const happen of waking) this.receive(happen);
  }

  /** A timer of the process: it waits while the process does not run, and dies with it. */
  after(delayMs: number, happen: () => void): () => void {
    return this.scheduler.after(delayMs, () => {
      if (this.handling) this.receive(happen);
      else this.asleep.push(happen);
    });
  }

  receive(happen: () => void): void {
    if (this.dead) return;
    if (this.heldBack === null) happen();
    else this.heldBack.push(happen);
  }

  /** Whether it died of this. */
  die(): boolean {
    if (this.dead) return false;
    this.dead = true;
    this.heldBack = null;
    return true;
  }

  /** Whether it was frozen by this: a dead one is not, and a frozen one stays as it is. */
  freeze(durationMs: number): boolean {
    if (this.dead || this.heldBack !== null) return false;
    this.heldBack = [];
    this.scheduler.after(durationMs, () => this.thaw());
    return true;
  }

  jumpClock(byMs: number): void {
    this.skewMs += byMs;
  }

  private thaw(): void {
    const heldBack = this.heldBack ?? [];
    this.heldBack = null;
    for (const happen of heldBack) this.receive(happen);
  }

  /** As the machine's: the wait is computed once, and a jump of the clock does not change it. */
  private abortAt(deadlineMs: number): AbortSignal {
    const controller = new AbortController();
    const waitMs = Math.max(0, deadlineMs - this.clock.nowMs());
    this.scheduler.after(waitMs, () => this.receive(() => controller.abort()));
    return controller.signal;
  }
}
