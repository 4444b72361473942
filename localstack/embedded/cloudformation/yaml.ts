// Templates in YAML, with the short forms of CloudFormation's functions: `!Sub text` is
// `{ 'Fn::Sub': text }`.

import { type CollectionTag, parse, type ScalarTag, type YAMLMap, type YAMLSeq } from 'yaml';

/** Functions that have a short form and a name with the prefix `Fn::`. */
const PREFIXED = [
  'And',
  'Base64',
  'Contains',
  'Equals',
  'FindInMap',
  'GetAtt',
  'If',
  'ImportValue',
  'Join',
  'Length',
  'Not',
  'Or',
  'Select',
  'Split',
  'Sub',
  'ToJsonString',
];

/**
 * Reads one document into plain values. Dates stay texts, as policies need them.
 *
 * @throws YAMLParseError when the text is no YAML
 */
export function parseYaml(text: string): unknown {
  return parse(text, { schema: 'core', customTags: SHORT_FORMS, logLevel: 'error' });
}

const SHORT_FORMS: (ScalarTag | CollectionTag)[] = [
  ...PREFIXED.flatMap((name) => shortForms(name, `Fn::${name}`)),
  ...shortForms('Ref', 'Ref'),
  ...shortForms('Condition', 'Condition'),
];

function shortForms(name: string, long: string): (ScalarTag | CollectionTag)[] {
  const tag = `!${name}`;
  const of = (argument: unknown) => ({ [long]: argument });
  return [
    { tag, resolve: of },
    { tag, collection: 'seq', resolve: (node: YAMLMap | YAMLSeq) => of(node.toJSON()) },
    { tag, collection: 'map', resolve: (node: YAMLMap | YAMLSeq) => of(node.toJSON()) },
  ] as (ScalarTag | CollectionTag)[];
}
