// Over how many shards a plan can be spread: by a column that every operator with state has in its key,
// or anyhow where there is none.

import { hashOfKey, KEY_GROUP_COUNT, keyGroupOf } from '../../lib/model/hash-range.ts';
import type { Row } from './expressions.ts';
import type { NodeForm, StructuredForm } from './forms.ts';
import type { PlanVariant } from './plan-structured.ts';

export interface Sharding {
  /** The column that decides; `null`: any shard will do. */
  readonly column: string | null;
  readonly variant: PlanVariant;
}

/** `null` where rows of a key would have to come together from several shards. */
export function shardingOf(form: StructuredForm): Sharding | null {
  const [source, ...others] = Object.values(form.sources);
  if (source === undefined || others.length > 0 || form.orderBy !== undefined) return null;
  const chain = chainOf(form.root);
  if (chain === null) return null;
  if (!chain.some(({ op }) => STATEFUL.has(op ?? ''))) {
    return { column: null, variant: { partitionedBy: null, anyShard: true, extraDelay: 0 } };
  }
  const column = source.columns.find((each) => chain.every((node) => keepsTogether(node, each)));
  if (column === undefined) return null;
  return { column, variant: { partitionedBy: column, anyShard: false, extraDelay: 0 } };
}

/** The shard of a row: by the MD5 of its key, or by that of all of it. */
export function placeOf(
  row: unknown,
  { sharding, shards }: { readonly sharding: Sharding; readonly shards: number },
): number {
  const { column } = sharding;
  const text = column === null ? JSON.stringify(row) : String((row as Row)[column] ?? null);
  return Math.floor((keyGroupOf(hashOfKey(text)) * shards) / KEY_GROUP_COUNT);
}

const STATEFUL = new Set(['agg', 'dedup', 'dedupWithin', 'groupState', 'limit', 'join']);

/** The operators of a plan without branches; `null` for any other plan. */
function chainOf(root: NodeForm): readonly NodeForm[] | null {
  const chain: NodeForm[] = [];
  let node = root;
  while (node.src === undefined) {
    if (node.op === 'union' || node.op === 'join') return null;
    chain.push(node);
    node = node.in!;
  }
  return chain;
}

/** Whether an operator leaves a column as it is, and has it in its key if it has one. */
function keepsTogether(node: NodeForm, column: string): boolean {
  switch (node.op) {
    case 'select':
      return (node['cols'] as Readonly<Record<string, string>>)[column] === column;
    case 'explode':
      return node['as'] !== column;
    case 'staticJoin':
      return !(node['table'] as { readonly columns: readonly string[] }).columns.includes(column);
    case 'filter':
      return true;
    case 'agg':
      return (node['keys'] as Readonly<Record<string, string>>)[column] === column;
    case 'dedup':
    case 'dedupWithin':
      return (node['keys'] as readonly string[]).includes(column);
    default:
      return false;
  }
}
