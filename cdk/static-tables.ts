import type { ITable, Table } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Bucket, IBucket } from 'aws-cdk-lib/aws-s3';
import type { TablePlaces } from '../lib/contract/environment.ts';
import type { Plan, StaticTable } from '../lib/plan/plan.ts';
import type { EngineFunction } from './constructs/engine-function.ts';
import { refuse } from './refuse.ts';

/** Where a table that a pipeline joins with stands: one object of NDJSON, or a table of DynamoDB. */
export type StaticTablePlace =
  // Classes are no `IBucket` and `ITable` where optional members are told from undefined ones.
  { readonly bucket: IBucket | Bucket; readonly key: string } | { readonly table: ITable | Table };

/** The tables of a plan and where they stand. */
export interface StaticTables {
  readonly places: TablePlaces;
  /** Lets a function read them, and nothing else beside them. */
  grantRead(task: EngineFunction): void;
}

/** Refuses a table without a place, a place of the wrong kind, and a place that no table has. */
export function findStaticTables(
  plan: Plan,
  given: Readonly<Record<string, StaticTablePlace>>,
): StaticTables {
  const kinds = new Map<string, StaticTable['kind']>();
  for (const node of plan.nodes) {
    if (node.kind !== 'static-join' || node.table.kind === 'rows') continue;
    const { kind, name } = node.table;
    const place = Object.hasOwn(given, name) ? given[name] : undefined;
    if (place === undefined || kindOf(place) !== kind) {
      refuse(
        `pipeline '${plan.name}' joins with table '${name}': add tables: { '${name}': ${EXAMPLES[kind]} }`,
      );
    }
    kinds.set(name, kind);
  }
  const unknown = Object.keys(given).find((name) => !kinds.has(name));
  if (unknown !== undefined) {
    refuse(`pipeline '${plan.name}' joins with no table '${unknown}': leave it out of tables`);
  }
  const places = Object.entries(given).map(([name, place]) => [name, placeOf(place)]);
  return {
    places: Object.fromEntries(places) as TablePlaces,
    grantRead: (task) => {
      for (const place of Object.values(given)) grantRead(task, place);
    },
  };
}

const EXAMPLES = { s3: "{ bucket, key: 'rows.ndjson' }", dynamodb: '{ table }' } as const;

const kindOf = (place: StaticTablePlace) => ('table' in place ? 'dynamodb' : 's3');

function placeOf(place: StaticTablePlace): TablePlaces[string] {
  if ('table' in place) return { kind: 'dynamodb', tableName: place.table.tableName };
  return { kind: 's3', bucketName: place.bucket.bucketName, key: place.key };
}

function grantRead(task: EngineFunction, place: StaticTablePlace): void {
  if ('table' in place) {
    allow(task, ['dynamodb:Scan'], place.table.tableArn);
    allowKey(task, place.table.encryptionKey);
  } else {
    allow(task, ['s3:GetObject'], place.bucket.arnForObjects(place.key));
    allowKey(task, place.bucket.encryptionKey);
  }
}

function allowKey(task: EngineFunction, key: IKey | undefined): void {
  if (key !== undefined) allow(task, ['kms:Decrypt'], key.keyArn);
}

function allow(task: EngineFunction, actions: string[], resource: string): void {
  task.allow(new PolicyStatement({ actions, resources: [resource] }));
}
