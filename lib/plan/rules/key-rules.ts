// A keyed operator is correct only if one task sees all of a key. There is no shuffle yet, so the
// source must be declared to be partitioned by the key or by a part of it.

import type { KeySpec, SourceNode } from '../plan.ts';
import { fieldsOfSchema } from '../schema-fields.ts';
import type { KeyedNode, PlanDraft, PlanProblem } from './plan-problem.ts';
import { isKeyedNode, isSource, quote, upstreamOf } from './plan-problem.ts';

export function keyProblems(plan: PlanDraft): PlanProblem[] {
  const keyed = plan.nodes.filter(isKeyedNode);
  return [
    ...keyed.flatMap((node) => partitioning(plan, node)),
    ...keyed.flatMap((node) => repeatedFields(plan, node)),
    ...unknownFields(plan),
  ];
}

function partitioning(plan: PlanDraft, node: KeyedNode): PlanProblem[] {
  if (plan.inOneTask) return [];
  const source = upstreamOf(plan, node).find(isSource);
  return source === undefined || staysInShard(source, node.key)
    ? []
    : [notPartitioned(source, node)];
}

/**
 * Whether all rows of a key come from one shard: the key has every field of the declared one, or is
 * the very function that was declared.
 */
function staysInShard(source: SourceNode, key: KeySpec): boolean {
  if (source.partitionedBy !== null) {
    const fields = key.selectors.map((each) => (each.kind === 'field' ? each.field : undefined));
    return source.partitionedBy.every((declared) => fields.includes(declared));
  }
  const [selector] = key.selectors;
  return (
    source.partitionedByFunction !== undefined &&
    selector?.kind === 'function' &&
    selector.select === source.partitionedByFunction
  );
}

function notPartitioned(source: SourceNode, node: KeyedNode): PlanProblem {
  const byFunction = node.key.selectors.some((selector) => selector.kind === 'function');
  const key = byFunction ? 'a function' : quote(node.key.fields);
  const declare = byFunction
    ? '.partitionedBy(thatVeryFunction)'
    : `.partitionedBy(${node.key.fields.map((field) => `'${field}'`).join(', ')})`;
  if (source.partitionedBy === null && source.partitionedByFunction === undefined) {
    return {
      code: 'source-not-partitioned',
      message: `'${node.uid}' groups by ${key}, but nothing says that one shard of '${source.name}' holds all of a key: if producers use it as the partition key, declare kinesis('${source.name}')${declare}`,
    };
  }
  const declared =
    source.partitionedBy === null
      ? 'a function: key by the very same one'
      : `${quote(source.partitionedBy)}: key by fields that include it`;
  return {
    code: 'key-not-partition-key',
    message: `'${node.uid}' groups by ${key}, but '${source.name}' is partitioned by ${declared}, or have producers use the other key and declare ${declare}`,
  };
}

function repeatedFields(plan: PlanDraft, node: KeyedNode): PlanProblem[] {
  const { fields } = node.key;
  if (fields.length === 0 && !plan.inOneTask) {
    return [
      {
        code: 'key-missing',
        message: `'${node.uid}' has no key: name a field or a function in .keyBy, or give the pipeline the option { inOneTask: true }`,
      },
    ];
  }
  const repeated = fields.find((field, index) => fields.indexOf(field) !== index);
  if (repeated === undefined) return [];
  return [
    {
      code: 'key-repeated',
      message: `the key of '${node.uid}' names '${repeated}' twice: name each field once, or compute the key in one function`,
    },
  ];
}

/** Fields are known only where the schema lists them and no function has changed the rows since. */
function unknownFields(plan: PlanDraft): PlanProblem[] {
  return plan.nodes.flatMap((node) => {
    const upstream = isSource(node) ? [node] : upstreamOf(plan, node);
    if (upstream.some((each) => each.kind === 'map' || each.kind === 'flat-map')) return [];
    const source = upstream.find(isSource);
    const known = source?.schema ? fieldsOfSchema(source.schema) : undefined;
    if (known === undefined) return [];
    return fieldsRead(node)
      .filter((field) => !known.includes(field))
      .map((field) => ({
        code: 'field-unknown',
        message: `'${node.uid}' reads the field '${field}', which the schema of '${source!.name}' does not have; it has ${quote(known)}`,
      }));
  });
}

function fieldsRead(node: PlanDraft['nodes'][number]): readonly string[] {
  switch (node.kind) {
    case 'kinesis-source':
      return node.partitionedBy ?? [];
    case 'watermark':
      return node.time.kind === 'field' ? [node.time.field] : [];
    case 'aggregate':
    case 'reduce': {
      const aggregates = node.kind === 'aggregate' ? Object.values(node.aggregates) : [];
      const inputs = aggregates.flatMap((spec) =>
        spec.kind === 'custom' ? [] : [spec.input, spec.kind === 'topK' ? spec.by : null],
      );
      return [...node.key.selectors, ...inputs].flatMap((selector) =>
        selector?.kind === 'field' ? selector.field : [],
      );
    }
    default:
      return [];
  }
}
