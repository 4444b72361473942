// S3's XML. Lists are the only thing XML does not say by itself: flattened ones repeat an element
// whose name is the singular of the member, two others are wrapped.

import { XMLParser } from 'fast-xml-parser';
import { ServiceError } from '../../../../lib/cloud/service.ts';

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';
const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';

/** Member of the SDK's shape → element of the wire. */
const FLATTENED: Readonly<Record<string, string>> = {
  DeleteMarkers: 'DeleteMarker',
  Errors: 'Error',
  NoncurrentVersionTransitions: 'NoncurrentVersionTransition',
  Objects: 'Object',
  Parts: 'Part',
  Rules: 'Rule',
  Tags: 'Tag',
  Transitions: 'Transition',
  Uploads: 'Upload',
  Versions: 'Version',
};
const WRAPPED: Readonly<Record<string, string>> = { Buckets: 'Bucket', TagSet: 'Tag' };
const LIST_OF_ELEMENT = new Map(
  Object.entries(FLATTENED).map(([list, element]) => [element, list]),
);
const TIMES = new Set(['CreationDate', 'Initiated', 'LastModified']);

const parser = new XMLParser({
  ignoreAttributes: true,
  ignoreDeclaration: true,
  parseTagValue: false,
  // Keys may begin and end with blanks.
  trimValues: false,
  htmlEntities: true,
});

type Tree = { readonly [name: string]: Node };
type Node = string | Tree | readonly Node[];

/** Writes a document; undefined members are left out, times become ISO 8601. */
export function encodeXml(root: string, content: object | string): string {
  const inner = typeof content === 'string' ? escapeXml(content) : contentOf(content);
  return `${DECLARATION}<${root} xmlns="${NAMESPACE}">${inner}</${root}>`;
}

/** An error document: no namespace, as the service writes it. */
export function encodeXmlError(members: object): string {
  return `${DECLARATION}<Error>${contentOf(members)}</Error>`;
}

/**
 * Reads a document into the SDK's shape; all leaves are text.
 *
 * @throws ServiceError `MalformedXML`
 */
export function decodeXml(body: Buffer, root: string): Readonly<Record<string, unknown>> {
  let parsed: Tree;
  try {
    parsed = parser.parse(body.toString('utf8')) as Tree;
  } catch {
    throw malformedXml();
  }
  const content = parsed[root];
  if (content === undefined) throw malformedXml();
  return typeof content === 'string' ? {} : (shapeOf(content as Tree) as Record<string, unknown>);
}

function malformedXml(): ServiceError {
  return new ServiceError(
    'MalformedXML',
    'The XML you provided was not well-formed or did not validate against our published schema',
  );
}

function shapeOf(node: Node): unknown {
  if (typeof node === 'string') return node;
  if (Array.isArray(node)) return node.map(shapeOf);
  const shape: Record<string, unknown> = {};
  for (const [name, child] of Object.entries(node as Tree)) {
    // Only the white space between elements has this name.
    if (name === '#text') continue;
    if (name === 'TagSet') shape[name] = listOf((child as Tree)['Tag']);
    else if (LIST_OF_ELEMENT.has(name)) shape[LIST_OF_ELEMENT.get(name)!] = listOf(child);
    else shape[name] = shapeOf(child);
  }
  return shape;
}

function listOf(node: Node | undefined): unknown[] {
  if (node === undefined) return [];
  return Array.isArray(node) ? node.map(shapeOf) : [shapeOf(node)];
}

function contentOf(members: object): string {
  let xml = '';
  for (const [name, value] of Object.entries(members)) xml += elementOf(name, value);
  return xml;
}

function elementOf(name: string, value: unknown): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) {
    const wrapped = WRAPPED[name];
    const items = value.map((item) => elementOf(wrapped ?? FLATTENED[name] ?? name, item)).join('');
    return wrapped === undefined ? items : `<${name}>${items}</${name}>`;
  }
  if (typeof value === 'object') return `<${name}>${contentOf(value)}</${name}>`;
  const text = TIMES.has(name) ? new Date(Number(value)).toISOString() : String(value);
  return `<${name}>${escapeXml(text)}</${name}>`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#13;',
};

/** Text as element content. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"\r]/g, (character) => ESCAPES[character]!);
}
