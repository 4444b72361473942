import { EngineError } from '../model/errors.ts';
import type { SampleNode } from '../plan/plan.ts';
import type { Push } from './pass.ts';

export function createSample(node: SampleNode, _next: Push): Push {
  throw new EngineError('invalid', `operator '${node.uid}' cannot run yet`);
}
