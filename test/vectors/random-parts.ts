// Parts of random plans: streams, and what stands behind them, with the columns that rows have there.

import type { Draw } from './cuts.ts';
import type { NodeForm, SourceForm, StructuredForm } from './forms.ts';

export const KEYS = ['a', 'b', 'c', '', '1e3', 'ключ', 'e\u0301', 'é', '[1]', 'it\'s "q"', '😀'];

/** A part of a plan with the columns that its rows have. */
export interface Part {
  readonly node: NodeForm;
  /** Columns with a text or null, with numbers, and the time. */
  readonly texts: readonly string[];
  readonly numbers: readonly string[];
  readonly time: string;
  /** Whether rows may have no time, as those of an outer join. */
  readonly all: readonly string[];
}

export class RandomParts {
  protected readonly draw: Draw;
  protected readonly sources: Record<string, SourceForm> = {};
  protected readonly delay: number;
  private names = 0;

  constructor(draw: Draw) {
    this.draw = draw;
    this.delay = this.pick([0, 1, 2, 5, 10, 20]);
  }

  /** A source with operators that keep nothing behind it; now and then two of them, or one twice. */
  protected stream(prefix: string, timed: boolean): Part {
    if (!this.chance(20)) return this.stateless(this.source(prefix, timed));
    const first = this.source(prefix, timed);
    const second = this.chance(50) ? this.source(prefix, timed) : first;
    const one = this.chance(50) ? this.filtered(first) : first;
    const two = this.chance(50) ? this.filtered(second) : second;
    const node = { op: 'union', inputs: [one.node, two.node] };
    return this.stateless({ ...first, node });
  }

  protected source(prefix: string, timed: boolean): Part {
    this.names += 1;
    const name = `s${this.names}`;
    const [k, v, u, line, t] = ['k', 'v', 'u', 'line', 't'].map((each) => `${prefix}${each}`);
    this.sources[name] = {
      columns: [k!, v!, u!, line!, t!],
      ...(timed ? { eventTime: t!, delay: this.delay } : {}),
      ...(timed && this.chance(20) ? { watermarkFilter: `${v} > ${this.draw(10) - 5}` } : {}),
    };
    const texts = [k!, line!];
    const numbers = [v!, u!];
    return { node: { src: name }, texts, numbers, time: t!, all: [...texts, ...numbers, t!] };
  }

  protected stateless(part: Part): Part {
    let made = part;
    for (let count = this.draw(3); count > 0; count -= 1) {
      switch (this.draw(4)) {
        case 0:
          made = this.filtered(made);
          break;
        case 1:
          made = this.selected(made);
          break;
        case 2:
          made = this.exploded(made);
          break;
        default:
          made = this.withTable(made);
      }
    }
    return made;
  }

  protected filtered(part: Part): Part {
    const text = part.texts[0];
    const expr = this.pick([
      `${this.pick(part.numbers)} > ${this.draw(12) - 6}`,
      `${this.pick(part.numbers)} % 2 !== 0`,
      ...(text === undefined ? [] : [`${text} !== ${JSON.stringify(this.pick(KEYS))}`]),
      ...(text === undefined ? [] : [`${text} !== null`]),
    ]);
    return { ...part, node: { op: 'filter', in: part.node, expr } };
  }

  protected selected(part: Part): Part {
    const [first] = part.numbers;
    const isColumn = part.all.includes(part.time);
    const time = isColumn && this.chance(30) ? `${part.time}x` : part.time;
    const others = part.all.filter((column) => column !== part.time);
    const cols = Object.fromEntries([
      ...others.map((column) => [column, column === first ? `${column} * 2 + 1` : column]),
      ...(isColumn ? [[time, part.time]] : []),
    ]);
    const all = Object.keys(cols);
    return { ...part, node: { op: 'select', in: part.node, cols }, time, all };
  }

  protected exploded(part: Part): Part {
    const line = part.texts.find((column) => column.endsWith('line'));
    this.names += 1;
    const as = `x${this.names}`;
    const [v] = part.numbers;
    const isWords = line !== undefined && this.chance(60);
    const expr = isWords ? `words(${line})` : `${v} > 0 ? [${v}, -${v}] : []`;
    return {
      ...part,
      node: { op: 'explode', in: part.node, expr, as },
      ...(isWords ? { texts: [...part.texts, as] } : { numbers: [...part.numbers, as] }),
      all: [...part.all, as],
    };
  }

  protected withTable(part: Part): Part {
    if (part.texts.length === 0) return part;
    this.names += 1;
    const [key, value] = [`sk${this.names}`, `sv${this.names}`];
    const rows = Array.from({ length: 1 + this.draw(4) }, () => [
      this.pick(KEYS),
      this.draw(10) - 3,
    ]);
    return {
      ...part,
      node: {
        op: 'staticJoin',
        in: part.node,
        on: [this.pick(part.texts), key],
        table: { columns: [key, value], rows },
      },
      texts: [...part.texts, key],
      numbers: [...part.numbers, value],
      all: [...part.all, key, value],
    };
  }

  protected maybeDeduplicated(part: Part): Part {
    return this.chance(30) ? this.deduplicated(part) : part;
  }

  protected deduplicated(part: Part): Part {
    const columns = part.all.filter((column) => column !== part.time);
    const keys = this.some(columns);
    switch (this.draw(part.all.includes(part.time) ? 3 : 2)) {
      case 0: {
        if (!part.all.includes(part.time)) {
          return { ...part, node: { op: 'dedup', in: part.node, keys } };
        }
        const all = [...keys, part.time];
        return { ...part, node: { op: 'dedup', in: part.node, keys: all, time: part.time } };
      }
      case 1:
        return part.all.includes(part.time)
          ? { ...part, node: { op: 'dedup', in: part.node, keys, lateTime: part.time } }
          : { ...part, node: { op: 'dedup', in: part.node, keys } };
      default: {
        const node = { op: 'dedupWithin', in: part.node, keys, time: part.time, delay: this.delay };
        return { ...part, node };
      }
    }
  }

  /** Rows of results come in no order, so that only the fields of the key are known of the first. */
  protected distinct(part: Part): Part {
    const node = this.deduplicated({ ...part, time: '' }).node;
    return { ...part, node, all: node['keys'] as string[] };
  }

  protected aggregate(
    part: Part,
    prefix: string,
    options: { readonly mode: StructuredForm['mode']; readonly timed: boolean } = {
      mode: 'append',
      timed: true,
    },
  ): Part {
    const { mode, timed } = options;
    const canBeWhole = mode !== 'append';
    const isWhole = !timed || (canBeWhole && this.chance(30));
    const window = isWhole ? { kind: 'none' } : this.window(part, mode);
    const keyCount = this.draw(3);
    const isSession = window.kind === 'session';
    const keys = Object.fromEntries(
      Array.from({ length: isSession ? Math.max(1, keyCount) : keyCount }, (_, index) =>
        this.key(part, `${prefix}g${index}`),
      ),
    );
    const kinds = ['count', 'sum', 'min', 'max', 'mean', 'variance', 'stddev', 'median'];
    const aggs = Object.fromEntries(
      Array.from({ length: 1 + this.draw(3) }, (_, index) => {
        const kind = this.pick(kinds);
        const column = this.pick(part.numbers);
        const input = this.chance(20) && kind === 'count' ? [] : [column];
        return [`${prefix}a${index}`, [kind, ...input]];
      }).concat([[`${prefix}n`, ['count']]]),
    );
    const isGlobal = isWhole && Object.keys(keys).length === 0;
    const texts = Object.keys(keys).filter((name) => name.includes('T'));
    const numbers = [...Object.keys(keys).filter((name) => !name.includes('T')), `${prefix}n`];
    const bounds = isWhole ? [] : ['w_start', 'w_end'];
    const names = [...Object.keys(keys), ...Object.keys(aggs)];
    return {
      node: {
        op: 'agg',
        in: part.node,
        ...(isWhole ? {} : { time: part.time }),
        window,
        keys,
        aggs,
        ...(isGlobal ? { emitEmptyGlobal: true } : {}),
      } as NodeForm,
      texts,
      numbers,
      time: 'w_end - 0.000001',
      all: [...names, ...bounds],
    };
  }

  protected key(part: Part, name: string): readonly [string, string] {
    if (part.texts.length > 0 && this.chance(60)) return [`${name}T`, this.pick(part.texts)];
    const number = this.pick(part.numbers);
    return [name, this.pick([`floor(${number} / 10)`, `${number} % 3`, number])];
  }

  protected window(part: Part, mode: StructuredForm['mode']) {
    const size = this.pick([1, 2, 3, 5, 10, 30]);
    const number = part.numbers[0]!;
    switch (this.draw(mode === 'update' ? 3 : 5)) {
      case 0:
        return { kind: 'tumbling', size };
      case 1:
        return { kind: 'sliding', size: size * 2, slide: this.pick([size, size / 2, 1]) };
      case 2:
        return { kind: 'rawTime' };
      default: {
        const gap = this.pick([String(size), `${number} > 3 ? ${size} : ${this.draw(3)}`]);
        return { kind: 'session', gap };
      }
    }
  }

  protected some(columns: readonly string[], least = 1): string[] {
    const chosen = columns.filter(() => this.chance(40));
    return chosen.length >= least ? chosen : [this.pick(columns)];
  }

  protected pick<Item>(items: readonly Item[]): Item {
    return items[this.draw(items.length)]!;
  }

  protected chance(percent: number): boolean {
    return this.draw(100) < percent;
  }
}
