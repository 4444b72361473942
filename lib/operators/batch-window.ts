import { EngineError } from '../model/errors.ts';
import type { BatchWindowNode } from '../plan/plan.ts';
import type { OperatorContext, WiredOperator } from './wire-plan.ts';

export function createBatchWindow(node: BatchWindowNode, _context: OperatorContext): WiredOperator {
  throw new EngineError('invalid', `operator '${node.uid}' cannot run yet`);
}
