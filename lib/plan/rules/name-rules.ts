// Names become parts of stacks, tables, folders and stored state: they are short, plain and unique.

import { isSink } from '../plan.ts';
import type { PlanDraft, PlanProblem } from './plan-problem.ts';
import { isKeyedNode, isSource } from './plan-problem.ts';

/** Names of AWS resources are made of these and a suffix, and end at 63 or 64 characters. */
const NAME = /^(?!-)[A-Za-z0-9-]{1,40}(?<!-)$/;
const UID = /^(?!-)[A-Za-z0-9-]{1,64}(?<!-)$/;
const NAME_ADVICE = 'use 1 to 40 letters, digits and dashes, no dash at either end';

/** The outputs of a pipeline list this place beside its sinks. */
const RESERVED_UID = 'dead-letters';

export function nameProblems(plan: PlanDraft): PlanProblem[] {
  return [
    ...pipelineName(plan),
    ...streamAndSinkNames(plan),
    ...uids(plan),
    ...aggregateNames(plan),
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
    } else if (uid === RESERVED_UID) {
      problems.push({
        code: 'uid-reserved',
        message: `'${uid}' is where records that cannot be processed go: choose another name`,
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
  return nodes.filter(isKeyedNode).flatMap((node) => {
    const taken = [...node.key.fields, ...(node.window === null ? [] : WINDOW_FIELDS)];
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
    if (node.window !== null) {
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

const WINDOW_FIELDS = ['windowStart', 'windowEnd'];

function isReserved(name: string): boolean {
  return name === 'pk' || name === 'sk' || name.startsWith('_');
}
