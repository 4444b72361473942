import { EngineError } from '../model/errors.ts';
import type { TransformBatchNode } from '../plan/plan.ts';
import type { OperatorContext, WiredOperator } from './wire-plan.ts';

export function createTransformBatch(
  node: TransformBatchNode,
  _context: OperatorContext,
): WiredOperator {
  throw new EngineError('invalid', `operator '${node.uid}' cannot run yet`);
}
