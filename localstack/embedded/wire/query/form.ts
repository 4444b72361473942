// A form's flat names as the shape they stand for: `Tags.member.1.Key=k` is `{ Tags: [{ Key: 'k' }] }`.

type Shape = { [name: string]: Shape | string };

/** All others are texts, whatever they look like. */
const BOOLEANS = new Set([
  'DisableRollback',
  'EnableTerminationProtection',
  'ImportExistingResources',
  'UsePreviousTemplate',
  'UsePreviousValue',
]);
/** Lists: an empty one is written as its name alone. */
const LISTS = new Set([
  'Capabilities',
  'NotificationARNs',
  'Parameters',
  'ResourcesToSkip',
  'RetainResources',
  'StackStatusFilter',
  'Tags',
]);

/** Builds the SDK's input shape. */
export function decodeForm(form: URLSearchParams): object {
  const root = emptyShape();
  for (const [name, value] of form) {
    if (name === 'Action' || name === 'Version') continue;
    const path = name.split('.');
    let place = root;
    for (const part of path.slice(0, -1)) {
      const inner = place[part];
      const next = typeof inner === 'object' ? inner : emptyShape();
      place[part] = next;
      place = next;
    }
    place[path.at(-1)!] = value;
  }
  return plainOf(root, '') as object;
}

/** Without a prototype: names come from outside. */
function emptyShape(): Shape {
  return Object.create(null) as Shape;
}

function plainOf(shape: Shape | string, name: string): unknown {
  if (typeof shape === 'string') {
    if (shape === '' && LISTS.has(name)) return [];
    return BOOLEANS.has(name) ? shape === 'true' : shape;
  }
  const { member } = shape;
  if (typeof member === 'object') {
    return Object.entries(member)
      .sort(([left], [right]) => Number(left) - Number(right))
      .map(([, item]) => plainOf(item, ''));
  }
  return Object.fromEntries(
    Object.entries(shape).map(([inner, value]) => [inner, plainOf(value, inner)]),
  );
}
