import { AttributeType, BillingMode, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { EngineFunction } from './engine-function.ts';
import { type Protection, retains } from './protection.ts';

/**
 * The commit log of a pipeline: `pk` is the log, `sk` the slot. It has no TTL and no function may
 * delete from it, because an item that is gone fences nobody.
 */
export class CommitLogTable extends Construct {
  readonly table: Table;

  constructor(scope: Construct, id: string, protection: Protection) {
    super(scope, id);
    this.table = createTable(this, 'Table', { sortKeyType: AttributeType.NUMBER, protection });
  }

  /** Lets a partition task append commits, read them back and count its attempts. */
  grantAppend(task: EngineFunction): void {
    task.allow(
      new PolicyStatement({
        sid: 'AppendAndReadCommits',
        actions: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
        resources: [this.table.tableArn],
      }),
    );
  }

  /** Lets maintenance read commits and move the pointer to a new checkpoint. */
  grantCheckpoint(maintenance: EngineFunction): void {
    maintenance.allow(
      new PolicyStatement({
        sid: 'ReadCommitsAndMovePointer',
        actions: ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
        resources: [this.table.tableArn],
      }),
    );
  }
}

/** A table with the keys `pk` (text) and `sk`, paid per request, recoverable to any second of 35 days. */
export function createTable(
  scope: Construct,
  id: string,
  options: {
    readonly sortKeyType: AttributeType;
    readonly timeToLiveAttribute?: string;
    readonly protection: Protection;
  },
): Table {
  const { sortKeyType, timeToLiveAttribute, protection } = options;
  return new Table(scope, id, {
    partitionKey: { name: 'pk', type: AttributeType.STRING },
    sortKey: { name: 'sk', type: sortKeyType },
    billingMode: BillingMode.PAY_PER_REQUEST,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    ...(timeToLiveAttribute !== undefined && { timeToLiveAttribute }),
    ...(protection.key === undefined
      ? { encryption: TableEncryption.AWS_MANAGED }
      : { encryption: TableEncryption.CUSTOMER_MANAGED, encryptionKey: protection.key }),
    deletionProtection: retains(protection),
    removalPolicy: protection.removalPolicy,
  });
}
