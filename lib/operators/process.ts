import { EngineError } from '../model/errors.ts';
import type { ProcessNode } from '../plan/plan.ts';
import type { OperatorContext, WiredOperator } from './wire-plan.ts';

export function createProcess(node: ProcessNode, _context: OperatorContext): WiredOperator {
  throw new EngineError('invalid', `operator '${node.uid}' cannot run yet`);
}
