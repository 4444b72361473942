// How the nodes of a plan stand to each other: who feeds whom, what lies upstream and downstream, and how
// far the watermark of a node lags. Asked again and again while a plan is wired, so that what lies
// upstream is found once for each node.

import { EngineError } from '../model/errors.ts';
import {
  isAggregation,
  isClock,
  isSink,
  type LimitNode,
  type Plan,
  type PlanNode,
} from '../plan/plan.ts';
import { joinLagMs } from './join-sides.ts';

/** Who takes the rows of a node, and as which of its inputs. */
export interface Consumer {
  readonly node: PlanNode;
  readonly input: number;
}

export class PlanGraph {
  private readonly nodes = new Map<string, PlanNode>();
  private readonly consumers = new Map<string, Consumer[]>();
  private readonly upstream = new Map<string, ReadonlySet<PlanNode>>();
  private readonly lags = new Map<string, number>();

  constructor({ nodes }: Plan) {
    for (const node of nodes) this.nodes.set(node.uid, node);
    for (const node of nodes) {
      for (const [input, uid] of node.inputs.entries()) {
        const known = this.consumers.get(uid);
        if (known === undefined) this.consumers.set(uid, [{ node, input }]);
        else known.push({ node, input });
      }
    }
  }

  consumersOf(uid: string): readonly Consumer[] {
    return this.consumers.get(uid) ?? [];
  }

  /** Every node in front of one, each once. */
  upstreamOf(uid: string): readonly PlanNode[] {
    return [...this.allUpstream(uid)];
  }

  /** Whether rows of a node come to a node of some kind further down. */
  leadsTo(node: PlanNode, isKind: (node: PlanNode) => boolean): boolean {
    for (const other of this.nodes.values()) {
      if (isKind(other) && this.allUpstream(other.uid).has(node)) return true;
    }
    return false;
  }

  /** Whether rows of records meet rows of an aggregation in a node. */
  isMixed(node: PlanNode): boolean {
    const isFed = node.inputs.map((uid) => this.isBehindAggregation(uid));
    return isFed.includes(true) && isFed.includes(false);
  }

  /** Whether a node gives rows of an aggregation, its own or of one in front of it. */
  isBehindAggregation(uid: string): boolean {
    return isAggregation(this.nodeOf(uid)) || this.upstreamOf(uid).some(isAggregation);
  }

  /** Whether rows that leave a node have a watermark. */
  isTimed(uid: string): boolean {
    return isClock(this.nodeOf(uid)) || this.upstreamOf(uid).some(isClock);
  }

  /** Whether rows that come to a node have an event time, also where no watermark is declared. */
  hasTime(uid: string): boolean {
    return this.upstreamOf(uid).some((node) => isClock(node) || node.kind === 'event-time');
  }

  /** Whether a limit cuts the table of all results, which comes anew with each batch. */
  limitsTable(node: LimitNode): boolean {
    const isOther = (each: PlanNode) => isSink(each) && each.mode !== 'complete';
    return this.isBehindAggregation(node.uid) && !this.leadsTo(node, isOther);
  }

  /** How far the watermark at a node lags: the joins in front of it hold rows back. */
  behindMs(uid: string): number {
    const known = this.lags.get(uid);
    if (known !== undefined) return known;
    const lags = this.nodeOf(uid).inputs.map((input) => {
      const node = this.nodeOf(input);
      return this.behindMs(input) + (node.kind === 'join' ? joinLagMs(node) : 0);
    });
    const behindMs = Math.max(0, ...lags);
    this.lags.set(uid, behindMs);
    return behindMs;
  }

  private allUpstream(uid: string): ReadonlySet<PlanNode> {
    const known = this.upstream.get(uid);
    if (known !== undefined) return known;
    const found = new Set<PlanNode>();
    for (const input of this.nodeOf(uid).inputs) {
      found.add(this.nodeOf(input));
      for (const node of this.allUpstream(input)) found.add(node);
    }
    this.upstream.set(uid, found);
    return found;
  }

  private nodeOf(uid: string): PlanNode {
    const node = this.nodes.get(uid);
    if (node === undefined) throw new EngineError('invalid', `the plan has no node '${uid}'`);
    return node;
  }
}
