// What a driven pipeline has published: rows by sink, each publication once, whoever repeats it. Rows
// are read where a reader would find them: in the objects and items of the model, or in the call of a
// function.

import type { AttributeJson, ItemChange, RowFence } from '../../model/commit.ts';
import type { Plan } from '../../plan/plan.ts';
import type { ObjectPublisher, TablePublisher } from '../../ports/publisher.ts';
import { DEAD_LETTERS_UID, readItem } from '../outputs.ts';

/** The model of a service, called at the hand-moved time. */
export type CallModel = (
  service: 'dynamodb' | 's3',
  operation: string,
  input: object,
) => Readonly<Record<string, unknown>>;

/** The bucket of all files, and the tables, one for each sink. */
export const OUTPUT_BUCKET = 'outputs';
export const tableOf = (uid: string) => `rows-${uid}`;
export const prefixOf = (uid: string) => `${encodeURIComponent(uid)}/`;

/** A record or row that was set aside. */
export interface DeadLetterRow {
  readonly reason: string;
  readonly detail: string;
  /** What was set aside: parsed where it is JSON. */
  readonly event: unknown;
}

export class Published {
  private readonly call: CallModel;
  /** Names of publications that were seen. */
  private readonly seen = new Set<string>();
  private readonly fresh = new Map<string, unknown[]>();
  private readonly all = new Map<string, unknown[]>();

  constructor(call: CallModel) {
    this.call = call;
  }

  /** Rows of a sink that came out since this was asked last. */
  takeFresh(uid: string): readonly unknown[] {
    const rows = this.fresh.get(uid) ?? [];
    this.fresh.delete(uid);
    return rows;
  }

  /** Every row that came out of a sink, in order. */
  allOf(uid: string): readonly unknown[] {
    return [...(this.all.get(uid) ?? [])];
  }

  /** The content of a sink's table, in the order of its keys. */
  tableContent(uid: string): readonly unknown[] {
    const { Items: items } = this.call('dynamodb', 'Scan', { TableName: tableOf(uid) }) as {
      Items: Record<string, AttributeJson>[];
    };
    return items
      .map((item) => ({ key: JSON.stringify([item['pk'], item['sk']]), row: readRow(item) }))
      .sort((left, right) => (left.key < right.key ? -1 : 1))
      .map(({ row }) => row);
  }

  deadLetters(): readonly DeadLetterRow[] {
    return this.allOf(DEAD_LETTERS_UID).map((letter) => {
      const { reason, detail, data } = letter as Record<'reason' | 'detail' | 'data', string>;
      return { reason, detail, event: parsed(Buffer.from(data, 'base64').toString('utf8')) };
    });
  }

  /** The plan with functions whose calls are seen. */
  watchedPlan(plan: Plan): Plan {
    const nodes = plan.nodes.map((node) => {
      if (node.kind !== 'foreach-batch-sink') return node;
      const apply: typeof node.apply = async (rows, batchId, context) => {
        const copy = structuredClone(rows);
        const returned = await node.apply(rows, batchId, context);
        this.add(node.uid, batchId, copy);
        return returned;
      };
      return { ...node, apply };
    });
    return { ...plan, nodes };
  }

  /** The publisher of tables, seen. */
  watchedTables(tables: TablePublisher): TablePublisher {
    return {
      publish: async (rows) => {
        await tables.publish(rows);
        const uid = rows.tableName.slice(tableOf('').length);
        this.add(uid, `${rows.tableName} ${nameOfFence(rows.fence)}`, putsOf(rows.changes));
      },
    };
  }

  /** The publisher of files, seen. */
  watchedFiles(files: ObjectPublisher): ObjectPublisher {
    return {
      exists: (object) => files.exists(object),
      put: async (object) => {
        await files.put(object);
        this.addFile(object.key);
      },
      copy: async (object) => {
        const copied = await files.copy(object);
        if (copied) this.addFile(object.key);
        return copied;
      },
    };
  }

  private addFile(key: string): void {
    const uid = decodeURIComponent(key.slice(0, key.indexOf('/')));
    const { Body: body } = this.call('s3', 'GetObject', { Bucket: OUTPUT_BUCKET, Key: key }) as {
      Body: Uint8Array;
    };
    const lines = Buffer.from(body).toString('utf8').split('\n');
    const rows = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as unknown);
    this.add(uid, key, rows);
  }

  private add(uid: string, publication: string, rows: readonly unknown[]): void {
    const name = `${uid} ${publication}`;
    if (this.seen.has(name)) return;
    this.seen.add(name);
    for (const kept of [this.fresh, this.all]) {
      const known = kept.get(uid) ?? [];
      kept.set(uid, known);
      known.push(...rows);
    }
  }
}

const nameOfFence = ({ log, incarnation, n }: RowFence) => `${log} ${incarnation} ${n}`;

function putsOf(changes: readonly ItemChange[]): readonly unknown[] {
  return changes.flatMap((change) => ('put' in change ? [readRow(change.put)] : []));
}

/** A row without what the engine keeps beside it: names that begin with `_` are its own. */
function readRow(item: Readonly<Record<string, AttributeJson>>): unknown {
  const fields = Object.entries(item).filter(([name]) => !name.startsWith('_'));
  return readItem(Object.fromEntries(fields), new Set());
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
