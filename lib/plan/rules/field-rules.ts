// Fields are known where the schema of a source lists them and nothing has changed the rows since.

import type { PlanNode, Selector } from '../plan.ts';
import { fieldsOfSchema } from '../schema-fields.ts';
import type { PlanDraft, PlanProblem } from './plan-problem.ts';
import { isSource, quote, upstreamOf } from './plan-problem.ts';

export function fieldProblems(plan: PlanDraft): PlanProblem[] {
  return plan.nodes.flatMap((node) =>
    fieldsRead(node).flatMap((fields, input) => {
      const sources = isSource(node) ? [node] : eventsInto(plan, node, input);
      return sources.flatMap((source) => {
        const known = source.schema ? fieldsOfSchema(source.schema) : undefined;
        if (known === undefined) return [];
        return fields
          .filter((field) => !known.includes(field))
          .map((field) => ({
            code: 'field-unknown',
            message: `'${node.uid}' reads the field '${field}', which the schema of '${source.name}' does not have; it has ${quote(known)}`,
          }));
      });
    }),
  );
}

/** Operators that hand rows on as they are. */
const PRESERVING: ReadonlySet<PlanNode['kind']> = new Set([
  'kinesis-source',
  'filter',
  'watermark',
  'processing-time',
  'event-time',
  'union',
  'limit',
  'sample',
  'deduplicate',
]);

/** The sources whose events come to an input of a node as they are. */
function eventsInto(plan: PlanDraft, node: PlanNode, input: number) {
  const entry = plan.nodes.find(({ uid }) => uid === node.inputs[input]);
  if (entry === undefined) return [];
  const upstream = [entry, ...upstreamOf(plan, entry)];
  return upstream.every(({ kind }) => PRESERVING.has(kind)) ? upstream.filter(isSource) : [];
}

/** The fields that a node reads of the rows of each of its inputs. */
function fieldsRead(node: PlanNode): readonly (readonly string[])[] {
  switch (node.kind) {
    case 'kinesis-source':
      return [node.partitionedBy ?? []];
    case 'watermark':
    case 'event-time':
      return [fieldsOf([node.time])];
    case 'join':
      return [fieldsOf(node.leftKey.selectors), fieldsOf(node.rightKey.selectors)];
    case 'aggregate': {
      const inputs = Object.values(node.aggregates).flatMap((spec) =>
        spec.kind === 'custom' ? [] : [spec.input, spec.kind === 'topK' ? spec.by : null],
      );
      return [fieldsOf([...node.key.selectors, ...inputs])];
    }
    case 'batch-window':
      return [fieldsOf([...node.key.selectors, node.value])];
    default:
      return 'key' in node ? [fieldsOf(node.key.selectors)] : [];
  }
}

function fieldsOf(selectors: readonly (Selector | null)[]): readonly string[] {
  return selectors.flatMap((selector) => (selector?.kind === 'field' ? selector.field : []));
}
