// What depends on what among the resources that a stack has, by the template they came from.

import { ServiceError } from '../../../lib/cloud/service.ts';
import { evaluate, type Surroundings } from './evaluation.ts';
import { dependenciesOf } from './order.ts';
import type { Leftover, Stack } from './stack.ts';
import { parseTemplate } from './template.ts';

/** Logical ids of the stack's resources, each after what it depends on. */
export function inOrder(stack: Stack, surroundings: Surroundings): readonly string[] {
  const there = Object.keys(stack.resources);
  const order = orderOf(stack, surroundings).filter((id) => stack.resources[id] !== undefined);
  return [...order, ...there.filter((id) => !order.includes(id))];
}

/** All that is there of a stack and not among `kept`, each after what it depends on. */
export function leftoversBeside(
  kept: Stack['resources'],
  stack: Stack,
  surroundings: Surroundings,
): readonly Leftover[] {
  const order = inOrder(stack, surroundings);
  const current = order.map((logicalId) => {
    const resource = stack.resources[logicalId]!;
    return { logicalId, resource, policy: resource.deletionPolicy };
  });
  return [...stack.leftovers, ...current]
    .filter(({ logicalId, resource }) => kept[logicalId]?.physicalId !== resource.physicalId)
    .sort((one, other) => order.indexOf(one.logicalId) - order.indexOf(other.logicalId));
}

/** All that the given resources depend on, by whatever way. */
export function neededBy(logicalIds: readonly string[], stack: Stack): ReadonlySet<string> {
  const needed = new Set<string>();
  if (logicalIds.length === 0) return needed;
  const { Resources } = parseTemplate(templateOf(stack).templateBody);
  const visit = (logicalId: string) => {
    const resource = Resources[logicalId];
    if (resource === undefined) return;
    for (const other of dependenciesOf(resource)) {
      if (needed.has(other) || logicalIds.includes(other)) continue;
      needed.add(other);
      visit(other);
    }
  };
  for (const logicalId of logicalIds) visit(logicalId);
  return needed;
}

/** An import that is gone, say, is no reason not to take a stack away. */
function orderOf(stack: Stack, surroundings: Surroundings): readonly string[] {
  try {
    return evaluate(stack, templateOf(stack), surroundings).order;
  } catch (error) {
    if (error instanceof ServiceError) return [];
    throw error;
  }
}

function templateOf({ stable, blueprint }: Stack) {
  return stable?.blueprint ?? blueprint;
}
