// Tables that do not flow, as a batch sees them: read before user code runs, indexed by the key that they
// are joined on, and kept in the sandbox until they are older than the plan allows. A commit names the
// version of each, so that what a row was joined with can be told afterwards; two sandboxes may have
// different versions for as long as that age.

import { EngineError } from '../model/errors.ts';
import type { TableRows } from '../operators/pass.ts';
import { indexTable } from '../operators/static-join.ts';
import type { Plan, StaticJoinNode, StaticTable } from '../plan/plan.ts';
import type { Clock } from '../ports/clock.ts';
import type { StaticTableReader, TableReading } from '../ports/static-table-reader.ts';
import { sha256Hex } from '../state/digest.ts';
import { settleAll } from './settle.ts';

/** The tables of one batch, by the uid of the node that joins with them. */
export interface BatchTables {
  readonly rows: ReadonlyMap<string, TableRows>;
  readonly versions: Readonly<Record<string, string>>;
}

interface KeptTable {
  readonly rows: TableRows;
  readonly version: string;
  readonly readAtMs: number;
}

/** Digits of a digest that tell versions apart; they stand in every commit. */
const VERSION_DIGITS = 16;

export class StaticTables {
  private readonly nodes: readonly StaticJoinNode[];
  private readonly reader: StaticTableReader | undefined;
  private readonly clock: Clock;
  private readonly kept = new Map<string, KeptTable>();

  /** `reader` may be missing where no table has to be fetched. */
  constructor(plan: Plan, reader: StaticTableReader | undefined, clock: Clock) {
    this.nodes = plan.nodes.filter((node) => node.kind === 'static-join');
    this.reader = reader;
    this.clock = clock;
  }

  /** All tables of the plan, none older than its node allows. */
  async current(): Promise<BatchTables> {
    const nowMs = this.clock.nowMs();
    const read = async (node: StaticJoinNode) => {
      const table = this.keptOf(node, nowMs) ?? (await this.read(node, nowMs));
      this.kept.set(node.uid, table);
      return [node.uid, table] as const;
    };
    const tables = await settleAll(this.nodes.map(read));
    return {
      rows: new Map(tables.map(([uid, { rows }]) => [uid, rows])),
      versions: Object.fromEntries(tables.map(([uid, { version }]) => [uid, version])),
    };
  }

  private keptOf({ refreshMs, table, uid }: StaticJoinNode, nowMs: number): KeptTable | undefined {
    const kept = this.kept.get(uid);
    if (kept === undefined || table.kind === 'rows') return kept;
    // A clock that went back says nothing about the age: it is read again then, too.
    const ageMs = nowMs - kept.readAtMs;
    return 0 <= ageMs && ageMs < refreshMs ? kept : undefined;
  }

  private async read({ table, tableFields }: StaticJoinNode, nowMs: number): Promise<KeptTable> {
    const { rows, version } = await this.readingOf(table);
    return {
      rows: indexTable(rows, tableFields),
      version: version ?? digestOf(rows),
      readAtMs: nowMs,
    };
  }

  private readingOf(table: StaticTable): Promise<TableReading> {
    if (table.kind === 'rows') return Promise.resolve({ version: null, rows: table.rows });
    if (this.reader !== undefined) return this.reader.read(table.name);
    throw new EngineError('invalid', `nothing was given to read table '${table.name}' with`, {
      code: 'table-without-place',
    });
  }
}

const digestOf = (rows: readonly unknown[]) =>
  sha256Hex(Buffer.from(JSON.stringify(rows), 'utf8')).slice(0, VERSION_DIGITS);
