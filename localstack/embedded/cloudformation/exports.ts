// What stacks export for others: each name once, and nothing that another stack has taken goes or changes.

import { evaluate, outputsOf, type Surroundings } from './evaluation.ts';
import { KNOWN_AFTER_APPLY, resolve } from './intrinsics.ts';
import { validationError } from './refusals.ts';
import { isLive, type Stack, type StackOutput } from './stack.ts';
import type { StackStore } from './stack-store.ts';

/**
 * Asks whether a stack may have other outputs.
 *
 * @throws ServiceError `ValidationError`
 */
export function assertExports(
  context: { readonly store: StackStore; readonly surroundings: Surroundings },
  stack: Stack,
  outputs: readonly StackOutput[],
): void {
  const { store, surroundings } = context;
  const others = store.stacks().filter((one) => isLive(one) && one.stackId !== stack.stackId);
  const exported = exportsOf(outputs);
  for (const name of exported.keys()) {
    const owner = others.find((other) => exportsOf(other.outputs).has(name));
    if (owner === undefined) continue;
    throw validationError(
      `Export with name ${name} is already exported by stack ${owner.stackName}`,
    );
  }
  for (const [name, value] of exportsOf(stack.outputs)) {
    if (exported.get(name) === value) continue;
    const reader = others.find((other) => importsOf(other, surroundings).has(name));
    if (reader === undefined) continue;
    const verb = exported.has(name) ? 'updated' : 'deleted';
    throw validationError(
      `Export ${name} cannot be ${verb} as it is in use by ${reader.stackName}`,
    );
  }
}

function exportsOf(outputs: readonly StackOutput[]): ReadonlyMap<string, string> {
  return new Map(
    outputs.flatMap(({ exportName, value }) =>
      exportName === undefined ? [] : [[exportName, value] as const],
    ),
  );
}

/** Names that a stack imports for what it has. */
function importsOf(stack: Stack, surroundings: Surroundings): ReadonlySet<string> {
  const names = new Set<string>();
  const { wanted, order, template, scopeOf } = evaluate(stack, stack.blueprint, {
    ...surroundings,
    exports(name) {
      names.add(name);
      return KNOWN_AFTER_APPLY;
    },
    outputOf: () => KNOWN_AFTER_APPLY,
  });
  const scope = scopeOf({ resources: new Map(), unknown: new Set(order) });
  for (const logicalId of order) {
    if (stack.resources[logicalId] === undefined) continue;
    resolve(wanted[logicalId]!.Properties ?? {}, scope);
  }
  if (stack.outputs.length > 0) outputsOf(template, scope);
  return names;
}
