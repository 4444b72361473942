// Names become parts of stacks, tables, folders and stored state: they are short, plain and unique.

import { isAggregation, isSink } from '../plan.ts';
import type { PlanDraft, PlanProblem } from './plan-problem.ts';
import { isSource } from './plan-problem.ts';

/** Names of AWS resources are made of these and a suffix, and end at 63 or 64 characters. */
const NAME = /^(?!-)[A-Za-z0-9-]{1,40}(?<!-)$/;
const UID = /^(?!-)[A-Za-z0-9-]{1,64}(?<!-)$/;
const NAME_ADVICE = 'use 1 to 40 letters, digits and dashes, no dash at either end';

/** The outputs of a pipeline list the first beside its sinks; the second names a part of its state. */
const RESERVED_UIDS: Readonly<Record<string, string>> = {
  'dead-letters': 'is where records that cannot be processed go',
  watermarks: 'is where watermarks are kept',
};

export function nameProblems(plan: PlanDraft): PlanProblem[] {
  return [
    ...pipelineName(plan),
    ...streamAndSinkNames(plan),
    ...tableNames(plan),
    ...uids(plan),
    ...aggregateNames(plan),
    ...stateNames(plan),
  ];
}

function pipelineName({ name }: PlanDraft): PlanProblem[] {
  if (NAME.test(name)) return [];
  return [
    {
      code: 'pipeline-name-invalid',
      message: `the pipeline name '${name}' does not fit AWS names: ${NAME_ADVICE}`,
    },
  ];
}

function streamAndSinkNames({ nodes }: PlanDraft): PlanProblem[] {
  return nodes.flatMap((node) => {
    if (!('name' in node) || NAME.test(node.name)) return [];
    const what = isSource(node) ? 'stream' : 'sink';
    return {
      code: `${what}-name-invalid`,
      message: `the ${what} name '${node.name}' does not fit AWS names: ${NAME_ADVICE}`,
    };
  });
}

/** The rows of a table that stand in the pipeline have a name for its author only. */
function tableNames({ nodes }: PlanDraft): PlanProblem[] {
  return nodes.flatMap((node) => {
    if (node.kind !== 'static-join' || node.table.kind === 'rows') return [];
    if (NAME.test(node.table.name)) return [];
    return {
      code: 'table-name-invalid',
      message: `the table name '${node.table.name}' does not fit AWS names: ${NAME_ADVICE}`,
    };
  });
}

function uids({ nodes }: PlanDraft): PlanProblem[] {
  const problems: PlanProblem[] = [];
  const seen = new Set<string>();
  for (const node of nodes) {
    const { uid } = node;
    if (seen.has(uid)) {
      problems.push({
        code: 'uid-taken',
        message: isSink(node)
          ? `two sinks are called '${uid}': give one of them another name`
          : `two operators are called '${uid}': give one of them another name with .named(…)`,
      });
    } else if (Object.hasOwn(RESERVED_UIDS, uid)) {
      problems.push({
        code: 'uid-reserved',
        message: `'${uid}' ${RESERVED_UIDS[uid]}: choose another name`,
      });
    } else if (!UID.test(uid) && !('name' in node && !NAME.test(node.name))) {
      problems.push({
        code: 'uid-invalid',
        message: `the name '${uid}' cannot be stored: use 1 to 64 letters, digits and dashes, no dash at either end`,
      });
    }
    seen.add(uid);
  }
  return problems;
}

function aggregateNames({ nodes }: PlanDraft): PlanProblem[] {
  return nodes.filter(isAggregation).flatMap((node) => {
    const hasBounds = node.window !== null && node.window.kind !== 'count';
    const taken = [...node.key.fields, ...(hasBounds ? WINDOW_FIELDS : [])];
    const names = node.kind === 'aggregate' ? Object.keys(node.aggregates) : [];
    const problems: PlanProblem[] = [];
    if (node.kind === 'aggregate' && names.length === 0) {
      problems.push({
        code: 'aggregates-missing',
        message: `'${node.uid}' computes nothing: give .aggregate at least one, such as { rows: count() }`,
      });
    }
    for (const name of names.filter((each) => taken.includes(each))) {
      problems.push({
        code: 'aggregate-name-taken',
        message: `the aggregate '${name}' of '${node.uid}' has the name of a field that identifies the row: choose another`,
      });
    }
    if (hasBounds) {
      for (const field of node.key.fields.filter((each) => WINDOW_FIELDS.includes(each))) {
        problems.push({
          code: 'key-name-taken',
          message: `the key '${field}' of '${node.uid}' has the name of a bound of the window: .map it to another name first`,
        });
      }
    }
    for (const name of [...node.key.fields, ...names].filter(isReserved)) {
      problems.push({
        code: 'field-name-reserved',
        message: `'${name}' of '${node.uid}' is a name that tables keep for themselves (pk, sk, __proto__, a leading _): choose another`,
      });
    }
    return problems;
  });
}

/** Rows of a running state are its key's fields and `state`, and may go to a table. */
function stateNames({ nodes }: PlanDraft): PlanProblem[] {
  return nodes.flatMap((node) => {
    if (node.kind !== 'update-state' || !node.key.fields.includes('state')) return [];
    return {
      code: 'key-name-taken',
      message: `the key 'state' of '${node.uid}' has the name of what is kept: .map it to another name first`,
    };
  });
}

const WINDOW_FIELDS = ['windowStart', 'windowEnd'];

function isReserved(name: string): boolean {
  return name === 'pk' || name === 'sk' || name.startsWith('_');
}
