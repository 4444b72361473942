// What a template asks of its resources that would not be carried out, found before anything is touched.

import type { Scope } from './intrinsics.ts';
import { validationError } from './refusals.ts';
import { KNOWN_PROPERTIES } from './resources/known-properties.ts';
import type { Json, JsonObject, TemplateResource } from './template.ts';

/** @throws ServiceError `ValidationError` with every property that a type does not know */
export function refuseUnknownProperties(
  wanted: Readonly<Record<string, TemplateResource>>,
  scope: Pick<Scope, 'condition'>,
): void {
  const refused = Object.entries(wanted).flatMap(([logicalId, { Type, Properties = {} }]) =>
    unknownIn(Properties, { known: KNOWN_PROPERTIES.get(Type)!, within: '', scope }).map(
      (name) => `${logicalId} (${Type}) has the property ${name}`,
    ),
  );
  if (refused.length === 0) return;
  throw validationError(
    `${refused.join(', ')}, which the embedded cloud does not carry out: leave it out`,
  );
}

interface Search {
  readonly known: ReadonlySet<string>;
  /** The names that led here, each with a dot behind it. */
  readonly within: string;
  readonly scope: Pick<Scope, 'condition'>;
}

/** Names of a value's members that are not known, an item of a list for all. */
function unknownIn(value: Json, search: Search): readonly string[] {
  if (Array.isArray(value)) return [...new Set(value.flatMap((item) => unknownIn(item, search)))];
  if (typeof value !== 'object' || value === null) return [];
  const { known, within, scope } = search;
  const entries = Object.entries(value as JsonObject);
  const [[name, argument] = []] = entries;
  if (name === 'Fn::If') return unknownIn(chosenOf(argument!, scope), search);
  // Of what other functions give, the members are not known before.
  if (name === 'Ref' || name?.startsWith('Fn::')) return [];
  return entries.flatMap(([member, inner]) => {
    const path = `${within}${member}`;
    if (known.has(path) || isNothing(inner, scope)) return [];
    const isPartlyKnown = [...known].some((one) => one.startsWith(`${path}.`));
    return isPartlyKnown ? unknownIn(inner, { ...search, within: `${path}.` }) : [path];
  });
}

function chosenOf(argument: Json, { condition }: Pick<Scope, 'condition'>): Json {
  if (!Array.isArray(argument)) {
    throw validationError(`Fn::If needs a list, not ${JSON.stringify(argument)}`);
  }
  const [name, then, otherwise] = argument;
  return (condition(String(name)) ? then : otherwise) ?? null;
}

/** Whether a member disappears: `AWS::NoValue`, by a condition or as it is. */
function isNothing(value: Json, scope: Pick<Scope, 'condition'>): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { Ref, 'Fn::If': argument } = value as JsonObject;
  if (argument !== undefined) return isNothing(chosenOf(argument, scope), scope);
  return Ref === 'AWS::NoValue';
}
