import { referencesIn } from './intrinsics.ts';
import { validationError } from './refusals.ts';
import type { Json, TemplateResource } from './template.ts';

/**
 * Logical ids so that each stands after everything it mentions or depends on.
 *
 * @throws ServiceError `ValidationError` when resources depend on each other in a circle
 */
export function planOrder(
  resources: Readonly<Record<string, TemplateResource>>,
): readonly string[] {
  const ordered: string[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const visit = (logicalId: string, path: readonly string[]) => {
    if (state.get(logicalId) === 'done') return;
    if (state.get(logicalId) === 'open') {
      throw validationError(
        `Circular dependency between resources: ${[...path, logicalId].join(' → ')}`,
      );
    }
    state.set(logicalId, 'open');
    for (const needed of dependenciesOf(resources[logicalId]!)) {
      if (Object.hasOwn(resources, needed)) visit(needed, [...path, logicalId]);
    }
    state.set(logicalId, 'done');
    ordered.push(logicalId);
  };
  for (const logicalId of Object.keys(resources)) visit(logicalId, []);
  return ordered;
}

/**
 * Assures that all resources depend on what the template has, whatever its conditions leave out.
 *
 * @throws ServiceError `ValidationError`
 */
export function assertDependencies(resources: Readonly<Record<string, TemplateResource>>): void {
  const unknown = Object.values(resources)
    .flatMap(statedBy)
    .filter((logicalId) => !Object.hasOwn(resources, logicalId));
  if (unknown.length === 0) return;
  throw validationError(
    `Template format error: Unresolved resource dependencies [${[...new Set(unknown)].join(', ')}] in the Resources block of the template`,
  );
}

/** What a resource mentions or says that it depends on. */
export function dependenciesOf(resource: TemplateResource): Set<string> {
  const needed = referencesIn((resource.Properties ?? {}) as Json);
  for (const logicalId of statedBy(resource)) needed.add(logicalId);
  return needed;
}

function statedBy({ DependsOn = [] }: TemplateResource): readonly string[] {
  return typeof DependsOn === 'string' ? [DependsOn] : DependsOn;
}
