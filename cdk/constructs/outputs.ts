import { AttributeType, type Table } from 'aws-cdk-lib/aws-dynamodb';
import { Grant, type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { DEAD_LETTERS, type SinkTargets } from '../../lib/contract/environment.ts';
import { isSink, type Plan, type SinkNode } from '../../lib/plan/plan.ts';
import { pascalCase } from '../pascal-case.ts';
import { refuse } from '../refuse.ts';
import { createTable } from './commit-log-table.ts';
import type { EngineFunction } from './engine-function.ts';
import { createPrivateBucket } from './private-bucket.ts';
import type { Protection } from './protection.ts';

const DEAD_LETTERS_PREFIX = `${DEAD_LETTERS}/`;
/** The attribute by which a tombstone goes away, long after the last late request that it fences. */
const TOMBSTONE_EXPIRY = '_ttl';

export interface OutputsProps {
  readonly plan: Plan;
  readonly protection: Protection;
}

type Target = SinkTargets[string];

/** Where the rows of a pipeline go: a table per DynamoDB sink, and one bucket with a prefix per S3 sink. */
export class Outputs extends Construct {
  readonly bucket: Bucket;
  readonly tables: readonly Table[];
  /** Place of each sink, by uid; names are tokens. */
  readonly targets: SinkTargets;
  /** Prefix of the first S3 sink that takes rows, of the first that takes late rows, of dead letters. */
  readonly prefixes: {
    readonly rows: string | undefined;
    readonly late: string | undefined;
    readonly deadLetters: string;
  };

  constructor(scope: Construct, id: string, { plan, protection }: OutputsProps) {
    super(scope, id);
    this.bucket = createPrivateBucket(this, 'Bucket', protection);
    const sinks = plan.nodes.filter(isSink);
    assertDistinct(sinks);
    const tables = new Map<string, Table>();
    const targets: Record<string, Target> = { [DEAD_LETTERS]: this.under(DEAD_LETTERS_PREFIX) };
    for (const sink of sinks) {
      switch (sink.kind) {
        case 'dynamodb-sink': {
          const table = this.createResultTable(sink, protection);
          tables.set(sink.uid, table);
          targets[sink.uid] = { kind: 'dynamodb', tableName: table.tableName };
          break;
        }
        case 's3-sink':
          targets[sink.uid] = this.under(prefixOf(sink));
          break;
        // A function writes to places of its own: nothing is created or allowed for it here.
        case 'foreach-batch-sink':
        case 'noop-sink':
          break;
      }
    }
    this.tables = [...tables.values()];
    this.targets = targets;
    const files = sinks.filter((sink) => sink.kind === 's3-sink');
    this.prefixes = {
      rows: files.filter((sink) => !isLate(sink)).map(prefixOf)[0],
      late: files.filter(isLate).map(prefixOf)[0],
      deadLetters: DEAD_LETTERS_PREFIX,
    };
  }

  /** Lets a partition task publish rows. It puts, and looks whether an object is there; it deletes nothing. */
  grantPublish(task: EngineFunction): void {
    if (this.tables.length > 0) {
      task.allow(
        new PolicyStatement({
          sid: 'PublishItems',
          actions: ['dynamodb:PutItem'],
          resources: this.tables.map(({ tableArn }) => tableArn),
        }),
      );
    }
    task.allowObjects({
      sid: 'PublishObjects',
      actions: ['s3:GetObject', 's3:PutObject'],
      bucket: this.bucket,
      prefixes: this.prefixesInUse(),
    });
    // Without a condition on the prefix: with one, S3 says 403 and not 404 for a missing object.
    task.allow(
      new PolicyStatement({
        sid: 'SeeMissingObjects',
        actions: ['s3:ListBucket'],
        resources: [this.bucket.bucketArn],
      }),
    );
  }

  /** Lets `grantee` read what the pipeline published: items, rows, late rows and dead letters. */
  grantRead(grantee: IGrantable): Grant {
    const objects = Grant.addToPrincipal({
      grantee,
      actions: ['s3:GetObject', 's3:ListBucket'],
      resourceArns: [
        this.bucket.bucketArn,
        ...this.prefixesInUse().map((prefix) => this.bucket.arnForObjects(`${prefix}*`)),
      ],
    });
    if (this.tables.length === 0) return objects;
    return objects.combine(
      Grant.addToPrincipal({
        grantee,
        actions: ['dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:Scan'],
        resourceArns: this.tables.map(({ tableArn }) => tableArn),
      }),
    );
  }

  private createResultTable(sink: SinkNode & { readonly name: string }, protection: Protection) {
    return createTable(this, `${isLate(sink) ? 'Late' : ''}${pascalCase(sink.name)}Table`, {
      sortKeyType: AttributeType.STRING,
      timeToLiveAttribute: TOMBSTONE_EXPIRY,
      protection,
    });
  }

  private under(prefix: string): Target {
    return { kind: 's3', bucketName: this.bucket.bucketName, prefix };
  }

  private prefixesInUse(): string[] {
    return Object.values(this.targets).flatMap((target) =>
      target.kind === 's3' ? [target.prefix] : [],
    );
  }
}

/** A late sink has no input of its own: its rows come from the operator that names it. */
function isLate(sink: SinkNode): boolean {
  return sink.inputs.length === 0;
}

function prefixOf(sink: SinkNode & { readonly name: string }): string {
  return `${isLate(sink) ? 'late' : 'rows'}/${sink.name}/`;
}

/** Two sinks in one place would overwrite each other's rows, so their names have to differ. */
function assertDistinct(sinks: readonly SinkNode[]): void {
  const places = new Set<string>();
  for (const sink of sinks) {
    if (sink.kind !== 'dynamodb-sink' && sink.kind !== 's3-sink') continue;
    const place = `${sink.kind} ${isLate(sink) ? 'late' : 'rows'} ${pascalCase(sink.name)}`;
    if (places.has(place)) {
      refuse(
        `two sinks of one kind are named '${sink.name}', or differ only in case or punctuation: rename one`,
      );
    }
    places.add(place);
  }
}
