// How the steps of the authoring API write nodes, whatever value of it they belong to.

import type { DraftNode, Graph, NodeBody } from './graph.ts';
import type { KeySpec } from './plan.ts';
import { selectorOf } from './selector.ts';

/** A stream as those see it that write behind it. */
export interface Writer {
  readonly graph: Graph;
  /** The node whose rows go on. */
  readonly head: DraftNode;
  /** The stream behind a new node, which takes this stream and `others`. */
  write(body: NodeBody, others?: readonly Writer[]): Writer;
}

export type UserFunction = (...rows: never[]) => unknown;
export type FieldOrFunction = string | ((event: never) => unknown);

/** How `.keyBy` states a key: by fields, or by one function whose value becomes the field `key`. */
export function keyOf(key: readonly FieldOrFunction[]): KeySpec {
  const fields = key.map((each) => (typeof each === 'string' ? each : 'key'));
  return { fields, selectors: key.map(selectorOf) };
}

/** The key of one group of all rows. */
export const NO_KEY: KeySpec = { fields: [], selectors: [] };

/** How a join states its keys. */
export type JoinOn =
  | string
  | readonly string[]
  | readonly (readonly [left: string, right: string])[]
  | {
      readonly left: (row: never) => unknown;
      readonly right: (row: never) => unknown;
    };

/** The keys of both sides of a join; of no field where none is given. */
export function joinKeysOf(on: JoinOn = []): { readonly left: KeySpec; readonly right: KeySpec } {
  if (typeof on === 'string') return { left: keyOf([on]), right: keyOf([on]) };
  if ('left' in on) return { left: keyOf([on.left]), right: keyOf([on.right]) };
  const pairs = on.map((each) => (typeof each === 'string' ? ([each, each] as const) : each));
  return {
    left: keyOf(pairs.map(([left]) => left)),
    right: keyOf(pairs.map(([, right]) => right)),
  };
}
