// The structured form: sources, a tree of operators, and how its rows are shown.

import type { Row } from './expressions.ts';
import type { Value } from './vector.ts';

export interface SourceForm {
  readonly columns: readonly string[];
  readonly eventTime?: string;
  readonly delay?: number;
  readonly watermarkFilter?: string;
  readonly extraWatermarks?: readonly WatermarkForm[];
}

export interface WatermarkForm {
  readonly filter?: string;
  readonly eventTime: string;
  readonly delay: number;
}

/** A node of the tree of operators. */
export interface NodeForm {
  readonly op?: string;
  readonly src?: string;
  readonly in?: NodeForm;
  readonly inputs?: readonly NodeForm[];
  readonly left?: NodeForm;
  readonly right?: NodeForm;
  readonly [name: string]: unknown;
}

export interface StructuredForm {
  readonly mode: 'append' | 'update' | 'complete';
  readonly sources: Readonly<Record<string, SourceForm>>;
  readonly root: NodeForm;
  readonly output: readonly string[];
  readonly having?: string;
  readonly orderBy?: string;
  readonly noDataBatches?: boolean;
  readonly watermarkPolicy?: 'min' | 'max';
  readonly trigger?: string;
  readonly sink?: string;
  readonly batch?: boolean;
  readonly processingTime?: boolean;
}

/** Whether the rows of the sink are those of an aggregate, and not of an operator behind it. */
export function isTable({ root, mode }: StructuredForm): boolean {
  const passes = [
    'select',
    'filter',
    'explode',
    'staticJoin',
    ...(mode === 'complete' ? ['limit'] : []),
  ];
  let node = root;
  while (passes.includes(node.op ?? '')) node = node.in!;
  if (node.op === 'union') {
    return node.inputs!.every((each) => isTable({ root: each, mode } as StructuredForm));
  }
  return node.op === 'agg';
}

/** Updates of sessions are refused here; what they come to in the end is what append gives. */
export function isSessionUpdate({ root, mode }: StructuredForm): boolean {
  let node = root;
  while (node.op !== 'agg' && node.in !== undefined) node = node.in;
  const window = node['window'] as { readonly kind?: string } | undefined;
  return mode === 'update' && window?.kind === 'session';
}

/** An object from values in the order of columns; what is not there is null. */
export function rowOf(columns: readonly string[], values: readonly Value[]): Row {
  return Object.fromEntries(columns.map((column, index) => [column, values[index] ?? null]));
}

/** Whether a plan reads a source; nobody pushes records of any other. */
export function reads(node: NodeForm, source: string): boolean {
  return node.src === source || childrenOf(node).some((child) => reads(child, source));
}

export function hasOperator(node: NodeForm, op: string): boolean {
  return node.op === op || childrenOf(node).some((child) => hasOperator(child, op));
}

export function emitsEmptyGlobal(node: NodeForm): boolean {
  return node['emitEmptyGlobal'] === true || childrenOf(node).some(emitsEmptyGlobal);
}

function childrenOf(node: NodeForm): readonly NodeForm[] {
  const { in: input, inputs = [], left, right } = node;
  return [input, ...inputs, left, right].filter((child) => child !== undefined);
}
