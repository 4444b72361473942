import { EngineError } from '../model/errors.ts';
import type { JoinNode } from '../plan/plan.ts';
import type { OperatorContext, WiredOperator } from './wire-plan.ts';

export function createJoin(node: JoinNode, _context: OperatorContext): WiredOperator {
  throw new EngineError('invalid', `operator '${node.uid}' cannot run yet`);
}

/** How far the rows of a join may lag behind its watermark. */
export const joinLagMs = (_node: JoinNode): number => 0;
