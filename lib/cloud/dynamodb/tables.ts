// All tables of one account and region.

import { resourceNotFound } from './refusals.ts';
import { type Lateness, Table, type TableDefinition } from './table.ts';

/** The place of the service. */
export interface Place {
  readonly region: string;
  readonly accountId: string;
}

export class Tables {
  readonly place: Place;
  readonly #lateness: Lateness;
  readonly #tables = new Map<string, Table>();
  #created = 0;

  constructor(place: Place, lateness: Lateness) {
    this.place = place;
    this.#lateness = lateness;
  }

  get names(): readonly string[] {
    return [...this.#tables.keys()].sort();
  }

  /** How many tables were ever created: their ids are made of it. */
  get created(): number {
    return this.#created;
  }

  set created(count: number) {
    this.#created = count;
  }

  has(name: string): boolean {
    return this.#tables.has(name);
  }

  /** The table of a name or ARN. */
  get(nameOrArn: string | undefined, detail: (name: string) => string = () => ''): Table {
    const name = tableNameOf(nameOrArn ?? '');
    const table = this.#tables.get(name);
    if (table === undefined) throw resourceNotFound(detail(name));
    return table;
  }

  add(definition: TableDefinition): Table {
    const table = new Table(definition, this.#lateness);
    this.#tables.set(definition.name, table);
    return table;
  }

  remove(table: Table): void {
    this.#tables.delete(table.definition.name);
  }

  clear(): void {
    this.#tables.clear();
  }

  arnOf({ definition }: Table): string {
    return `arn:aws:dynamodb:${this.place.region}:${this.place.accountId}:table/${definition.name}`;
  }
}

function tableNameOf(nameOrArn: string): string {
  const match = /^arn:aws:dynamodb:[^:]*:\d*:table\/([^/]+)$/.exec(nameOrArn);
  return match?.[1] ?? nameOrArn;
}
