import { EngineError } from '../model/errors.ts';
import type { StaticJoinNode } from '../plan/plan.ts';
import type { Pass, Push } from './pass.ts';

export function createStaticJoin(node: StaticJoinNode, _next: Push, _pass: Pass): Push {
  throw new EngineError('invalid', `operator '${node.uid}' cannot run yet`);
}
