// Finds the fault that a plan has for a call or an invocation, and keeps count of those that struck: a
// fault counts when it has its effect, by whoever lets it happen, and not when it is looked up.

import type { TracedCall } from '../world/network.ts';
import type {
  CallFaultKind,
  FaultPlan,
  InvocationFaultKind,
  WorldFaultKind,
} from './fault-plan.ts';

/** A fault that struck, and where. */
export type Strike =
  | { readonly of: 'call'; readonly kind: CallFaultKind; readonly call: TracedCall }
  | { readonly of: 'invocation'; readonly kind: InvocationFaultKind; readonly invocation: number }
  | { readonly of: 'world'; readonly kind: WorldFaultKind };

export class FaultSelection {
  readonly plan: FaultPlan;
  /** How often each fault struck: `operation × kind`. */
  readonly struck = new Map<string, number>();
  /** The same one by one, in the order in which they struck. */
  readonly strikes: Strike[] = [];
  private readonly byCall = new Map<number, CallFaultKind>();
  private readonly byOperation = new Map<string, CallFaultKind>();
  private readonly byInvocation = new Map<number, InvocationFaultKind>();
  private readonly operationCounts = new Map<string, number>();

  constructor(plan: FaultPlan) {
    this.plan = plan;
    for (const fault of plan.calls) {
      if ('call' in fault) this.byCall.set(fault.call, fault.kind);
      else this.byOperation.set(placeText(fault), fault.kind);
    }
    for (const { invocation, kind } of plan.invocations) this.byInvocation.set(invocation, kind);
  }

  ofCall(call: TracedCall): CallFaultKind | undefined {
    const { index, operation, sandbox } = call;
    const anywhere = this.placeOf({ operation });
    const inside = this.placeOf({ operation, invocation: sandbox.invocation });
    return this.byCall.get(index) ?? this.byOperation.get(inside) ?? this.byOperation.get(anywhere);
  }

  ofInvocation(ordinal: number): InvocationFaultKind | undefined {
    return this.byInvocation.get(ordinal);
  }

  callStruck(kind: CallFaultKind, call: TracedCall): void {
    this.strikes.push({ of: 'call', kind, call });
    this.count(`${call.operation} × ${kind}`);
  }

  invocationStruck(kind: InvocationFaultKind, invocation: number): void {
    this.strikes.push({ of: 'invocation', kind, invocation });
    this.count(`invocation × ${kind}`);
  }

  worldStruck(kind: WorldFaultKind): void {
    this.strikes.push({ of: 'world', kind });
    this.count(`world × ${kind}`);
  }

  /** Which call of its operation this is. */
  private placeOf(of: { readonly operation: string; readonly invocation?: number }): string {
    const counted = placeText({ ...of, nth: -1 });
    const nth = this.operationCounts.get(counted) ?? 0;
    this.operationCounts.set(counted, nth + 1);
    return placeText({ ...of, nth });
  }

  private count(what: string): void {
    this.struck.set(what, (this.struck.get(what) ?? 0) + 1);
  }
}

const placeText = (place: {
  readonly operation: string;
  readonly nth: number;
  readonly invocation?: number;
}) => `${place.operation} ${place.nth} ${place.invocation ?? ''}`;
