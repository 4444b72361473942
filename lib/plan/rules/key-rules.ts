// An operator with a key is correct only if one task sees all rows of a key. There is no shuffle, so
// the source must be declared to be partitioned by the key or by a part of it, unless one task works
// on all shards of all sources.

import {
  isAggregation,
  type KeySpec,
  type OperatorNode,
  type PlanNode,
  type SourceNode,
  sourcesOf,
} from '../plan.ts';
import type { PlanDraft, PlanProblem } from './plan-problem.ts';
import { isSource, isStateful, keysOf, quote, upstreamOf } from './plan-problem.ts';

export function keyProblems(plan: PlanDraft): PlanProblem[] {
  return [
    ...sourcesTwice(plan),
    ...(plan.inOneTask ? [] : needsOneTask(plan)),
    ...plan.nodes.flatMap((node) => [...missingKeys(plan, node), ...repeatedFields(node)]),
  ];
}

const ADVICE = 'give the pipeline the option { inOneTask: true }';

/** Positions are kept by the name of a source. */
function sourcesTwice(plan: PlanDraft): PlanProblem[] {
  const names = sourcesOf(plan).map(({ name }) => name);
  const [twice] = names.filter((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return [];
  return [
    {
      code: 'source-twice',
      message: `the stream '${twice}' is read by two sources: make one kinesis('${twice}') and branch from it`,
    },
  ];
}

function needsOneTask(plan: PlanDraft): PlanProblem[] {
  const sources = sourcesOf(plan);
  if (sources.length > 1) {
    return [
      {
        code: 'sources-need-one-task',
        message: `the shards of ${quote(sources.map(({ name }) => name))} are worked on apart, so that their rows do not meet: ${ADVICE}`,
      },
    ];
  }
  return plan.nodes.filter(isStateful).flatMap((node) => partitioning(plan, node));
}

function partitioning(plan: PlanDraft, node: OperatorNode): PlanProblem[] {
  if (node.kind === 'limit') {
    return [
      {
        code: 'limit-needs-one-task',
        message: `'${node.uid}' counts the rows of all shards, which are worked on apart: ${ADVICE}`,
      },
    ];
  }
  const source = upstreamOf(plan, node).find(isSource);
  if (source === undefined || keysOf(node).some(({ fields }) => fields.length === 0)) return [];
  return keepsInShard(source, keysOf(node)) ? [] : [notPartitioned(source, node)];
}

/**
 * Whether all rows of a key come from one shard: the key has every field of the declared one, or is
 * the very function that was declared. Both sides of a join must have it in the same place.
 */
function keepsInShard(source: SourceNode, keys: readonly KeySpec[]): boolean {
  if (source.partitionedBy !== null) {
    return source.partitionedBy.every((declared) => {
      const [first, ...others] = keys.map((key) => fieldsOf(key).indexOf(declared));
      return first !== -1 && others.every((place) => place === first);
    });
  }
  return keys.every(({ selectors: [selector] }) => {
    const declared = source.partitionedByFunction;
    return declared !== undefined && selector?.kind === 'function' && selector.select === declared;
  });
}

function fieldsOf(key: KeySpec): readonly (string | undefined)[] {
  return key.selectors.map((each) => (each.kind === 'field' ? each.field : undefined));
}

function notPartitioned(source: SourceNode, node: OperatorNode): PlanProblem {
  const [key] = keysOf(node) as readonly [KeySpec];
  const byFunction = keysOf(node).some(({ selectors }) =>
    selectors.some((selector) => selector.kind === 'function'),
  );
  const text = byFunction ? 'a function' : quote(key.fields);
  const declare = byFunction
    ? '.partitionedBy(thatVeryFunction)'
    : `.partitionedBy(${key.fields.map((field) => `'${field}'`).join(', ')})`;
  const groups = `'${node.uid}' ${isAggregation(node) ? 'groups by' : 'has the key'} ${text}`;
  if (source.partitionedBy === null && source.partitionedByFunction === undefined) {
    return {
      code: 'source-not-partitioned',
      message: `${groups}, but nothing says that one shard of '${source.name}' holds all of a key: if producers use it as the partition key, declare kinesis('${source.name}')${declare}, else ${ADVICE}`,
    };
  }
  const declared =
    source.partitionedBy === null
      ? 'a function: key by the very same one'
      : `${quote(source.partitionedBy)}: key by fields that include it`;
  return {
    code: 'key-not-partition-key',
    message: `${groups}, but '${source.name}' is partitioned by ${declared}, or have producers use the other key and declare ${declare}, or ${ADVICE}`,
  };
}

/** One group of all rows is a key of no fields; other operators have no use for that. */
function missingKeys(plan: PlanDraft, node: PlanNode): PlanProblem[] {
  if (keysOf(node).every(({ fields }) => fields.length > 0)) return [];
  if (node.kind === 'join') {
    return [
      {
        code: 'join-needs-equality',
        message: `'${node.uid}' says no keys that are equal on both sides, and would pair every row with every other: give it on: 'field'`,
      },
    ];
  }
  const mayBeOne = isAggregation(node) || node.kind === 'batch-window';
  if (mayBeOne && plan.inOneTask) return [];
  return [
    {
      code: 'key-missing',
      message: mayBeOne
        ? `'${node.uid}' has no key, so that its rows come from all shards, which are worked on apart: name a field or a function in .keyBy, or ${ADVICE}`
        : `'${node.uid}' has no key: name a field or a function`,
    },
  ];
}

function repeatedFields(node: PlanNode): PlanProblem[] {
  return keysOf(node).flatMap(({ fields }) => {
    const repeated = fields.find((field, index) => fields.indexOf(field) !== index);
    if (repeated === undefined) return [];
    return {
      code: 'key-repeated',
      message: `the key of '${node.uid}' names '${repeated}' twice: name each field once, or compute the key in one function`,
    };
  });
}
