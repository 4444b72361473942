// A fault plan is plain data: what goes wrong, and where. The same scenario with the same plan gives
// the same run, so a plan can be stored, replayed and made smaller.

/** What can happen to one call that a sandbox sends. */
export const CALL_FAULTS = [
  /** Refused before it is applied, once: the SDK sends it again. */
  'throttle',
  /** Refused at every try of the SDK: the error reaches the code. */
  'refuse',
  /** Refused for want of permission: the SDK does not try again. */
  'deny',
  /** Applied, the reply lost: the SDK sends it again. */
  'lose-reply',
  /** Applied at every try of the SDK, all replies lost: an error reaches the code. */
  'fail-after',
  /** The sandbox dies before the call is sent. */
  'crash-before',
  /** The sandbox dies after the call was applied and before its reply. */
  'crash-after',
  /** The sandbox dies right after the reply, with whatever it sent next under way. */
  'crash-reply',
  /** The sandbox dies, the call is applied much later. */
  'crash-late',
  /** The call is held; the SDK gives up waiting and sends it again; both are applied. */
  'hold',
  /** The sandbox is frozen before the call is applied, and thawed long after. */
  'freeze-before',
  /** The sandbox is frozen after the call was applied, and thawed long after. */
  'freeze-after',
  /** The object that is read comes back damaged; no other call can be struck by it. */
  'damage',
] as const;

export type CallFaultKind = (typeof CALL_FAULTS)[number];

/**
 * One call, by its place among all calls of the run or among those of its operation, in the whole run
 * or in one invocation.
 */
export type CallSelector =
  | { readonly call: number }
  | { readonly operation: string; readonly nth: number; readonly invocation?: number };

export type CallFault = CallSelector & { readonly kind: CallFaultKind };

/** What can happen to one invocation; chosen by its place among all invocations of the run. */
export const INVOCATION_FAULTS = [
  /** A new sandbox runs it although a warm one is idle. */
  'cold',
  /** The sandbox that has been idle longest runs it. */
  'stalest',
  /** A second sandbox gets the same event at about the same time. */
  'twice',
  /** The same event is delivered again, long after it was done. */
  'again',
  /** The service believes that it failed, although it goes on. */
  'forsaken',
  /** It cannot be started: no sandbox is free. */
  'not-started',
  /** The clock of its sandbox jumps while it runs. */
  'clock-jump',
  /** It has far less time than the others. */
  'short',
] as const;

export type InvocationFaultKind = (typeof INVOCATION_FAULTS)[number];

export interface InvocationFault {
  readonly invocation: number;
  readonly kind: InvocationFaultKind;
}

/** What happens at a moment, counted in milliseconds from the start of the run. */
export const WORLD_FAULTS = [
  /** A run of maintenance; faults of calls apply to it as well. */
  'maintain',
  /** Two runs of maintenance at once. */
  'maintain-twice',
  /** All sandboxes die. */
  'kill-all',
  /** Every idle sandbox is thrown away. */
  'recycle',
  /** A deploy with the same plan: a new version takes over while the old one runs on. */
  'deploy',
  /** An object of the newest checkpoint is destroyed. */
  'destroy-checkpoint',
  /** No service answers for some minutes. */
  'outage',
  /** The sinks do not answer for some minutes; everything else does. */
  'sink-outage',
  /** Nothing new can be stored for some minutes; reads and updates go on. */
  'no-puts',
  /** A commit that a cold reader needs is destroyed; only where the scenario says so. */
  'lose-commit',
  /** A shard is split, or two are merged; only where the pipeline may be resharded. */
  'reshard',
] as const;

export type WorldFaultKind = (typeof WORLD_FAULTS)[number];

export interface WorldFault {
  readonly atMs: number;
  readonly kind: WorldFaultKind;
}

export interface FaultPlan {
  /** Names the latencies and all that is not a fault: arrival of events, choice of sandboxes. */
  readonly seed: number;
  readonly calls: readonly CallFault[];
  readonly invocations: readonly InvocationFault[];
  readonly world: readonly WorldFault[];
}

/** A run in which nothing goes wrong. */
export const calmPlan = (seed: number): FaultPlan => ({
  seed,
  calls: [],
  invocations: [],
  world: [],
});

export const faultCount = (plan: FaultPlan): number =>
  plan.calls.length + plan.invocations.length + plan.world.length;
