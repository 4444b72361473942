import { EngineError } from '../model/errors.ts';
import type { MapGroupsNode } from '../plan/plan.ts';
import type { OperatorContext, WiredOperator } from './wire-plan.ts';

export function createMapGroups(node: MapGroupsNode, _context: OperatorContext): WiredOperator {
  throw new EngineError('invalid', `operator '${node.uid}' cannot run yet`);
}
