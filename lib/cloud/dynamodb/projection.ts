// The part of an item that a projection asks for, in the item's own nesting; wanted elements of a
// list close ranks.

import type { Item, Value } from './attribute-value.ts';
import type { Parsed, Path } from './expression.ts';
import { type ResolvedPath, refuseOverlaps, resolvePath, type Scope } from './scope.ts';

/** The paths of a projection with their placeholders replaced; overlapping paths are refused. */
export function resolveProjection(
  projection: Parsed<readonly Path[]>,
  scope: Scope,
): readonly ResolvedPath[] {
  const paths = projection.tree.map((path) => resolvePath(path, scope));
  refuseOverlaps('ProjectionExpression', paths);
  return paths;
}

/** What stands at `paths` in `item`; a path that leads nowhere adds nothing. */
export function projectItem(item: Item, paths: readonly ResolvedPath[]): Item {
  const projected = new Map<string, Value>();
  for (const [name, below] of byFirstStep(paths)) {
    const value = item.get(name as string);
    const part = value === undefined ? undefined : projectValue(value, below);
    if (part !== undefined) projected.set(name as string, part);
  }
  return projected;
}

function projectValue(value: Value, paths: readonly ResolvedPath[]): Value | undefined {
  if (paths.some((path) => path.length === 0)) return value;
  if (value.kind === 'M') {
    const entries = projectItem(
      value.entries,
      paths.filter(([step]) => typeof step === 'string'),
    );
    return entries.size === 0 ? undefined : { kind: 'M', entries };
  }
  if (value.kind !== 'L') return undefined;
  const elements: Value[] = [];
  const steps = [...byFirstStep(paths)].sort(([one], [other]) => Number(one) - Number(other));
  for (const [step, below] of steps) {
    const element = typeof step === 'number' ? value.elements[step] : undefined;
    const part = element === undefined ? undefined : projectValue(element, below);
    if (part !== undefined) elements.push(part);
  }
  return elements.length === 0 ? undefined : { kind: 'L', elements };
}

function byFirstStep(
  paths: readonly ResolvedPath[],
): ReadonlyMap<string | number, readonly ResolvedPath[]> {
  const groups = new Map<string | number, ResolvedPath[]>();
  for (const [step, ...rest] of paths) {
    const group = groups.get(step!);
    if (group === undefined) groups.set(step!, [rest]);
    else group.push(rest);
  }
  return groups;
}
