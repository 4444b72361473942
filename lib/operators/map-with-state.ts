import { EngineError } from '../model/errors.ts';
import type { MapWithStateNode } from '../plan/plan.ts';
import type { OperatorContext, WiredOperator } from './wire-plan.ts';

export function createMapWithState(
  node: MapWithStateNode,
  _context: OperatorContext,
): WiredOperator {
  throw new EngineError('invalid', `operator '${node.uid}' cannot run yet`);
}
