import type { SinkTargets } from '../../contract/environment.ts';
import type { Plan } from '../../plan/plan.ts';
import { OUTPUT_BUCKET, rowTableOf } from '../watch/sink-watch.ts';

/** Where the sinks of a plan lead in a simulated world, as the construct would say it. */
export function targetsOf(plan: Plan): SinkTargets {
  const targets: Record<string, SinkTargets[string]> = {
    'dead-letters': { kind: 's3', bucketName: OUTPUT_BUCKET, prefix: 'dead-letters/' },
  };
  for (const node of plan.nodes) {
    if (node.kind === 'dynamodb-sink') {
      targets[node.uid] = { kind: 'dynamodb', tableName: rowTableOf(node.uid) };
    }
    if (node.kind !== 's3-sink') continue;
    const prefix = `${node.inputs.length === 0 ? 'late' : 'rows'}/${node.name}/`;
    targets[node.uid] = { kind: 's3', bucketName: OUTPUT_BUCKET, prefix };
  }
  return targets;
}

/** The tables that rows of a plan go to. */
export const rowTablesOf = (plan: Plan): readonly string[] =>
  plan.nodes.flatMap(({ kind, uid }) => (kind === 'dynamodb-sink' ? [rowTableOf(uid)] : []));

/** Where a function of a scenario keeps what it was given. */
export const functionTableOf = (uid: string) => `sent-${uid}`;

/** All tables of a plan but the commit log. */
export const tablesOf = (plan: Plan): readonly string[] => [
  ...rowTablesOf(plan),
  ...plan.nodes.flatMap(({ kind, uid }) =>
    kind === 'foreach-batch-sink' ? [functionTableOf(uid)] : [],
  ),
];
