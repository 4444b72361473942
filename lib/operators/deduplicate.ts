import { EngineError } from '../model/errors.ts';
import type { DeduplicateNode } from '../plan/plan.ts';
import type { OperatorContext, WiredOperator } from './wire-plan.ts';

export function createDeduplicate(node: DeduplicateNode, _context: OperatorContext): WiredOperator {
  throw new EngineError('invalid', `operator '${node.uid}' cannot run yet`);
}
