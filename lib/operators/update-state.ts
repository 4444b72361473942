import { EngineError } from '../model/errors.ts';
import type { UpdateStateNode } from '../plan/plan.ts';
import type { OperatorContext, WiredOperator } from './wire-plan.ts';

export function createUpdateState(node: UpdateStateNode, _context: OperatorContext): WiredOperator {
  throw new EngineError('invalid', `operator '${node.uid}' cannot run yet`);
}
