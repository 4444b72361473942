// Watches the sinks from outside: nothing is visible before its commit, every batch is visible before
// the next one of its shard may be committed, and in the end the sinks hold the fold of the outputs
// that commits name, and nothing else.

import type { Item } from '../../adapters/aws/commit-item.ts';
import type { Cloud } from '../../cloud/cloud.ts';
import { canonicalNumber } from '../../cloud/dynamodb/number.ts';
import type { AttributeJson, ItemChange, OutboxEntry } from '../../model/commit.ts';
import { sha256Hex } from '../../state/digest.ts';
import { HandoverWatch } from './handover-watch.ts';
import { type Journal, type JournalEntry, nameOf, type ReportViolation } from './journal.ts';

/** The buckets and the table of a simulated world. */
export const ENGINE_BUCKET = 'engine';
export const OUTPUT_BUCKET = 'outputs';
/** Each table sink has a table of its own, as it is deployed. */
export const rowTableOf = (uid: string) => `${ROW_TABLES}${uid}`;
export const isRowTable = (table: unknown) => String(table).startsWith(ROW_TABLES);
const ROW_TABLES = 'rows-';

/** An output and the commit that names it: its log, and its number outside of the log. */
interface Committed {
  readonly log: string;
  readonly n: number;
}

interface CommittedRow extends Committed {
  readonly table: string;
  readonly change: ItemChange;
}

interface CommittedObject extends Committed {
  readonly digest: string;
}

export class SinkWatch {
  private readonly cloud: Cloud;
  private readonly report: ReportViolation;
  private readonly nowMs: () => number;
  private readonly tables: readonly string[];
  /** Every object that a commit names, by key. */
  private readonly objects = new Map<string, CommittedObject>();
  /** Calls of the functions of the plan. */
  readonly handovers: HandoverWatch;
  /** The newest committed row of each item. */
  private readonly rows = new Map<string, CommittedRow>();

  constructor(options: {
    readonly cloud: Cloud;
    readonly report: ReportViolation;
    readonly nowMs: () => number;
    /** The result tables of the plan. */
    readonly tables: readonly string[];
  }) {
    this.cloud = options.cloud;
    this.report = options.report;
    this.nowMs = options.nowMs;
    this.tables = options.tables;
    this.handovers = new HandoverWatch(options.report);
  }

  /** A commit was applied: the batch before it must be published, its own outputs may be from now on. */
  committed(entry: JournalEntry, previous: JournalEntry | undefined): void {
    if (previous !== undefined) this.checkPublished(previous);
    for (const output of entry.outbox) {
      const { target } = output;
      const bytes = this.bytesOf(output);
      const { log } = entry.commit.header;
      const n = numberOf(entry);
      if (target.kind === 's3') this.objects.set(target.key, { log, n, digest: sha256Hex(bytes) });
      if (target.kind === 'function') {
        this.handovers.add(entry.commit, output.sinkUid, target.batchId, bytes);
      }
      if (target.kind !== 'dynamodb') continue;
      for (const change of changesIn(bytes)) {
        const row = { table: target.tableName, log, n, change };
        this.rows.set(keyOf(target.tableName, change), row);
      }
    }
  }

  /** An item was put into the result table. */
  rowPut(item: Item, journal: Journal): void {
    const log = journal.logIds.find((id) => id === item['_log']?.S);
    const head = log === undefined ? undefined : journal.headOf(log);
    if (head === undefined || Number(item['_n']?.N) > numberOf(head)) {
      this.report('I3', `a row of ${item['_log']?.S} was published before its commit`);
    }
  }

  /** An object was put into the output bucket. */
  objectPut(key: string): void {
    if (!this.objects.has(key)) this.report('I3', `${key} was published before its commit`);
  }

  /**
   * All sinks hold what commits name, and nothing else.
   *
   * @param isOpen whether a commit is one that nobody can publish any more, or only in part
   */
  checkAll(isOpen: (commit: Committed) => boolean): void {
    this.handovers.checkAll(({ log, base, batchNumber }) => isOpen({ log, n: base + batchNumber }));
    const listed = new Set(this.listObjects());
    for (const [key, object] of this.objects) {
      const stored = this.object(OUTPUT_BUCKET, key);
      listed.delete(key);
      if (stored === null) {
        if (!isOpen(object)) this.report('I3', `${key} is named by a commit and not published`);
      } else if (sha256Hex(stored) !== object.digest) {
        this.report('I3', `${key} holds other bytes`);
      }
    }
    for (const key of listed) this.report('I7', `${key} is named by no commit`);
    for (const row of this.rows.values()) {
      const item = this.item(row.table, row.change);
      if ('delete' in row.change && (item === undefined || isDeleted(item))) continue;
      // What an open commit has not put yet is the row of a commit before it, or none.
      if (isOpen(row) && Number(item?.['_n']?.N ?? -1) < row.n) continue;
      if (item === undefined) this.report('I3', `a committed row of ${row.log} is not published`);
      else if (Number(item['_n']?.N) !== row.n || !isSameRow(item, row.change)) {
        this.report('I3', `a row of ${row.log} is not that of its newest commit ${row.n}`);
      }
    }
    const stored = this.items().length;
    const rows = [...this.rows.values()];
    const named = rows.filter((row) => 'put' in row.change && !isOpen(row)).length;
    if (stored < named || stored > named + rows.filter(isOpen).length) {
      this.report('I3', `the table holds ${stored} rows, commits name ${named}`);
    }
  }

  /** All items of the result tables that are not deleted. */
  items(): readonly Item[] {
    return this.tables.flatMap((table) => this.itemsIn(table).filter((item) => !isDeleted(item)));
  }

  /** All items of a table. */
  itemsIn(TableName: string): readonly Item[] {
    const scan = { TableName, ConsistentRead: true };
    return (this.call('dynamodb', 'Scan', scan) as { Items: Item[] }).Items;
  }

  listObjects(): readonly string[] {
    const { Contents: objects = [] } = this.call('s3', 'ListObjectsV2', {
      Bucket: OUTPUT_BUCKET,
    }) as { Contents?: { Key: string }[] };
    return objects.map(({ Key }) => Key);
  }

  /** Bytes of an object as stored; `null` when there is none. */
  object(Bucket: string, Key: string): Uint8Array | null {
    try {
      return (this.call('s3', 'GetObject', { Bucket, Key }) as { Body: Uint8Array }).Body;
    } catch {
      return null;
    }
  }

  private checkPublished(entry: JournalEntry): void {
    for (const output of entry.outbox) {
      const { target } = output;
      if (target.kind === 's3') {
        if (this.object(OUTPUT_BUCKET, target.key) === null) this.reportUnpublished(entry);
        continue;
      }
      if (target.kind === 'function' && !this.handovers.isTaken(target.batchId)) {
        this.reportUnpublished(entry);
      }
      if (target.kind !== 'dynamodb') continue;
      for (const change of changesIn(this.bytesOf(output))) {
        const item = this.item(target.tableName, change);
        // A row that is gone is as deleted as one that is marked.
        if (item === undefined && 'delete' in change) continue;
        if (Number(item?.['_n']?.N ?? -1) < numberOf(entry)) this.reportUnpublished(entry);
      }
    }
  }

  private reportUnpublished({ commit }: JournalEntry): void {
    this.report('I3', `${nameOf(commit)} was followed by a commit before it was published`);
  }

  private bytesOf({ payload }: OutboxEntry): Uint8Array {
    if (payload.kind === 'inline') return payload.bytes;
    const bytes = this.object(ENGINE_BUCKET, payload.object.key);
    if (bytes !== null) return bytes;
    this.report('I12', `${payload.object.key} was staged by a commit and is not stored`);
    return new Uint8Array();
  }

  private item(table: string, change: ItemChange): Item | undefined {
    const { pk, sk } = 'put' in change ? change.put : change.delete;
    const input = { TableName: table, Key: { pk, sk }, ConsistentRead: true };
    return (this.call('dynamodb', 'GetItem', input) as { Item?: Item }).Item;
  }

  private call(service: 'dynamodb' | 's3', operation: string, input: object): object {
    return this.cloud.call(service, operation, input, this.nowMs());
  }
}

const numberOf = ({ commit: { header } }: JournalEntry) => header.base + header.batchNumber;

const changesIn = (bytes: Uint8Array): readonly ItemChange[] =>
  Buffer.from(bytes)
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as ItemChange);

function keyOf(table: string, change: ItemChange): string {
  const { pk, sk } = 'put' in change ? change.put : change.delete;
  return JSON.stringify([table, pk, sk]);
}

const isDeleted = (item: Item) => item['_deleted']?.BOOL === true;

function isSameRow(item: Item, change: ItemChange): boolean {
  if (!('put' in change)) return isDeleted(item);
  return Object.entries(change.put).every(
    ([name, value]) => JSON.stringify(item[name]) === JSON.stringify(asStored(value)),
  );
}

/** A value as the table hands it out: it keeps what a number is worth, and not how it was written. */
function asStored(value: AttributeJson): AttributeJson {
  if ('N' in value) return { N: canonicalNumber(value.N) };
  if ('L' in value) return { L: value.L.map(asStored) };
  if (!('M' in value)) return value;
  const members = Object.entries(value.M).map(([name, member]) => [name, asStored(member)]);
  return { M: Object.fromEntries(members) };
}
