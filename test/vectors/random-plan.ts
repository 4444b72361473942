// Random plans over every construct of the structured form, with inputs: to find plans that the adapter
// cannot turn into a pipeline, and operators that do not do together what each does alone.

import type { Draw } from './cuts.ts';
import type { NodeForm, SourceForm, StructuredForm } from './plan-structured.ts';
import type { Value } from './vector.ts';

export interface RandomCase {
  readonly form: StructuredForm;
  readonly steps: readonly Readonly<Record<string, readonly (readonly Value[])[]>>[];
}

const KEYS = ['a', 'b', 'c', '', '1e3', 'ключ', 'e\u0301', 'é', '[1]', "it's \"q\"", '😀'];

/** A part of a plan with the columns that its rows have. */
interface Part {
  readonly node: NodeForm;
  /** Columns with a text or null, with numbers, and the time. */
  readonly texts: readonly string[];
  readonly numbers: readonly string[];
  readonly time: string;
  /** Whether rows may have no time, as those of an outer join. */
  readonly all: readonly string[];
}

export function randomCase(draw: Draw): RandomCase {
  return new Randomly(draw).case();
}

class Randomly {
  private readonly draw: Draw;
  private readonly sources: Record<string, SourceForm & { readonly prefix: string }> = {};
  private readonly delay: number;
  private names = 0;

  constructor(draw: Draw) {
    this.draw = draw;
    this.delay = this.pick([0, 1, 2, 5, 10, 20]);
  }

  case(): RandomCase {
    const hasWatermark = this.chance(85);
    const { root, mode, output } = hasWatermark ? this.timed() : this.untimed();
    const form: StructuredForm = {
      mode,
      sources: Object.fromEntries(
        Object.entries(this.sources).map(([name, { prefix: _, ...source }]) => [name, source]),
      ),
      root,
      output,
      ...(Object.keys(this.sources).length > 1 && this.chance(15)
        ? { watermarkPolicy: 'max' as const }
        : {}),
      ...(hasWatermark && this.chance(10) ? { noDataBatches: false } : {}),
    };
    return { form, steps: this.steps() };
  }

  private timed() {
    switch (this.draw(8)) {
      case 6:
        return this.finished(this.distinct(this.joined()), 'append');
      case 7: {
        const joined = this.pick([() => this.joinedTwice(), () => this.joinedResults()])();
        return this.chance(50)
          ? this.finished(joined, 'append')
          : this.aggregatedRoot(joined, 'append');
      }
      case 0:
        return this.finished(this.stream('', true), 'append');
      case 1:
        return this.finished(this.deduplicated(this.stream('', true)), 'append');
      case 2:
      case 3: {
        const joined = this.joined();
        if (this.chance(50)) return this.finished(joined, 'append');
        return this.aggregatedRoot(joined, 'append');
      }
      case 4: {
        const first = this.aggregate(this.maybeDeduplicated(this.stream('', true)), 'w');
        return this.chance(60)
          ? this.aggregatedRoot(this.stateless(first), 'append')
          : this.finished(this.distinct(first), 'append');
      }
      default:
        return this.aggregatedRoot(
          this.maybeDeduplicated(this.stream('', true)),
          this.pick(['append', 'update', 'complete']),
        );
    }
  }

  private untimed() {
    const stream = this.stream('', false);
    switch (this.draw(4)) {
      case 0:
        return this.finished(stream, this.pick(['append', 'update']));
      case 1: {
        const keys = this.some(stream.texts.concat(stream.numbers));
        const node = { op: 'dedup', in: stream.node, keys };
        return this.finished({ ...stream, node }, 'append');
      }
      case 2: {
        // Of a union the first rows are those of any input.
        const source = this.stateless(this.source('', false));
        const node = { op: 'limit', in: source.node, n: 1 + this.draw(6) };
        return this.finished({ ...source, node }, 'append');
      }
      default:
        return this.aggregatedRoot(stream, this.pick(['update', 'complete']), false);
    }
  }

  private finished(part: Part, mode: StructuredForm['mode']) {
    return { root: part.node, mode, output: this.some(part.all, 1) };
  }

  private aggregatedRoot(part: Part, mode: StructuredForm['mode'], timed = true) {
    const aggregate = this.aggregate(part, 'r', { mode, timed });
    const root = aggregate.node;
    return { root, mode, output: [...aggregate.all] };
  }

  /** A source with operators that keep nothing behind it; now and then two of them, or one twice. */
  private stream(prefix: string, timed: boolean): Part {
    if (!this.chance(20)) return this.stateless(this.source(prefix, timed));
    const first = this.source(prefix, timed);
    const second = this.chance(50) ? this.source(prefix, timed) : first;
    const one = this.chance(50) ? this.filtered(first) : first;
    const two = this.chance(50) ? this.filtered(second) : second;
    const node = { op: 'union', inputs: [one.node, two.node] };
    return this.stateless({ ...first, node });
  }

  private source(prefix: string, timed: boolean): Part {
    this.names += 1;
    const name = `s${this.names}`;
    const [k, v, u, line, t] = ['k', 'v', 'u', 'line', 't'].map((each) => `${prefix}${each}`);
    this.sources[name] = {
      columns: [k!, v!, u!, line!, t!],
      ...(timed ? { eventTime: t!, delay: this.delay } : {}),
      prefix,
      ...(timed && this.chance(20) ? { watermarkFilter: `${v} > ${this.draw(10) - 5}` } : {}),
    };
    const texts = [k!, line!];
    const numbers = [v!, u!];
    return { node: { src: name }, texts, numbers, time: t!, all: [...texts, ...numbers, t!] };
  }

  private stateless(part: Part): Part {
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

  private filtered(part: Part): Part {
    const text = part.texts[0];
    const expr = this.pick([
      `${this.pick(part.numbers)} > ${this.draw(12) - 6}`,
      `${this.pick(part.numbers)} % 2 !== 0`,
      ...(text === undefined ? [] : [`${text} !== ${JSON.stringify(this.pick(KEYS))}`]),
      ...(text === undefined ? [] : [`${text} !== null`]),
    ]);
    return { ...part, node: { op: 'filter', in: part.node, expr } };
  }

  private selected(part: Part): Part {
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

  private exploded(part: Part): Part {
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

  private withTable(part: Part): Part {
    if (part.texts.length === 0) return part;
    this.names += 1;
    const [key, value] = [`sk${this.names}`, `sv${this.names}`];
    const rows = Array.from({ length: 1 + this.draw(4) }, () => [this.pick(KEYS), this.draw(10) - 3]);
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

  private maybeDeduplicated(part: Part): Part {
    return this.chance(30) ? this.deduplicated(part) : part;
  }

  private deduplicated(part: Part): Part {
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
  private distinct(part: Part): Part {
    const node = this.deduplicated({ ...part, time: '' }).node;
    return { ...part, node, all: node['keys'] as string[] };
  }

  private aggregate(
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

  private key(part: Part, name: string): readonly [string, string] {
    if (part.texts.length > 0 && this.chance(60)) return [`${name}T`, this.pick(part.texts)];
    const number = this.pick(part.numbers);
    return [name, this.pick([`floor(${number} / 10)`, `${number} % 3`, number])];
  }

  private window(part: Part, mode: StructuredForm['mode']) {
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

  private joined(): Part {
    return this.join(this.stream('l', true), this.stream('r', true));
  }

  /** The pairs of two streams with a third one. */
  private joinedTwice(): Part {
    const pairs = this.join(this.stream('l', true), this.stream('x', true), 'inner');
    const bare = pairs.all.filter((column) => column.startsWith('l'));
    return this.join({ ...pairs, all: bare }, this.stream('r', true));
  }

  /** The results of windows over two streams. */
  private joinedResults(): Part {
    const side = (prefix: string): Part => {
      const result = this.aggregate(this.stream(prefix, true), `${prefix}w`);
      const [key = `${prefix}wn`] = [...result.texts, ...result.numbers];
      const cols = {
        [`${prefix}k`]: key,
        [`${prefix}v`]: `${prefix}wn`,
        [`${prefix}u`]: `${prefix}wn % 2`,
        [`${prefix}t`]: result.time,
      };
      return {
        node: { op: 'select', in: result.node, cols },
        texts: [],
        numbers: [`${prefix}v`, `${prefix}u`],
        time: `${prefix}t`,
        all: Object.keys(cols),
      };
    };
    return this.join(side('l'), side('r'));
  }

  private join(left: Part, right: Part, only?: string): Part {
    const type = only ?? this.pick(['inner', 'inner', 'left', 'right', 'full', 'semi']);
    const [l, r] = [left.time[0], right.time[0]];
    const [lt, rt] = [left.time, right.time];
    const on: [string, string][] = [[`${l}k`, `${r}k`]];
    if (this.chance(20)) on.push([`${l}u`, `${r}u`]);
    const where = this.chance(20) ? `${l}v < ${r}v + 5` : null;
    const { bound, ...times } = this.bounds(lt, rt, on);
    const conditions = [bound, where].filter((each) => each !== null);
    const node = {
      op: 'join',
      type,
      left: left.node,
      right: right.node,
      on,
      lt,
      rt,
      lwm: true,
      rwm: true,
      ...times,
      ...(conditions.length === 0
        ? {}
        : { cond: conditions.map((each) => `(${each})`).join(' && ') }),
      ...(this.chance(20) ? { nullSafe: true } : {}),
      ...(this.chance(20) ? { lpre: `${l}v > 0` } : {}),
      ...(this.chance(20) ? { rpre: `${r}v % 2 !== 0` } : {}),
    } as NodeForm;
    const isLeft = type !== 'right' && type !== 'full' ? true : type === 'full' && this.chance(50);
    const all = type === 'semi' ? left.all : [...left.all, ...right.all];
    const numbers = type === 'semi' || isLeft ? left.numbers : right.numbers;
    const texts = type === 'semi' || isLeft ? left.texts : right.texts;
    return { node, all, numbers, texts, time: isLeft ? lt : rt };
  }

  private bounds(lt: string, rt: string, on: [string, string][]) {
    const kind = this.draw(4);
    if (kind === 0) {
      const stateBound = { left: 'w_end <= wm', right: 'w_end <= wm' };
      return { bound: null, window: this.pick([2, 5, 10]), stateBound, outputDelay: 0 };
    }
    if (kind === 1) {
      on.push([lt, rt]);
      const stateBound = { left: `${lt} <= wm`, right: `${rt} <= wm` };
      return { bound: null, stateBound, outputDelay: 0 };
    }
    // lt >= rt + from (strictly or not) and lt <= rt + to.
    const from = this.draw(12) - 8;
    const to = from + this.draw(10) + 1;
    const [strictFrom, strictTo] = [this.chance(50), this.chance(50)];
    const lower = `${lt} ${strictFrom ? '>' : '>='} rt_${signed(from)}`.replace('rt_', `${rt} `);
    const upper = `${lt} ${strictTo ? '<' : '<='} rt_${signed(to)}`.replace('rt_', `${rt} `);
    const isOpen = this.chance(15);
    return {
      bound: isOpen ? lower : `${lower} && ${upper}`,
      stateBound: {
        left: `${lt} ${strictFrom ? '<=' : '<'} wm ${signed(from)}`,
        right: isOpen ? 'false' : `${rt} ${strictTo ? '<=' : '<'} wm ${signed(-to)}`,
      },
      outputDelay: Math.max(
        0,
        -from + (strictFrom ? 0 : 0.001),
        isOpen ? 0 : to + (strictTo ? 0 : 0.001),
      ),
    };
  }

  private steps(): RandomCase['steps'] {
    const names = Object.keys(this.sources);
    const base = this.pick([0, 100, 1_704_067_200]);
    const fraction = this.pick([1, 1, 4]);
    let at = base;
    const count = 4 + this.draw(6);
    const keys = Array.from({ length: 2 + this.draw(2) }, () => this.pick(KEYS));
    const key = () => (this.chance(8) ? null : this.pick(keys));
    const row = (time: number) => [
      key(),
      this.chance(5) ? null : this.draw(40) / 2 - 8,
      this.draw(4) - 1,
      Array.from({ length: 1 + this.draw(3) }, () => this.pick(keys)).join(' '),
      time,
    ];
    const steps = Array.from({ length: count }, () => {
      at += this.draw(8);
      const rows = () =>
        Array.from({ length: this.chance(15) ? 0 : this.draw(6) }, () =>
          row(at + Math.floor((this.draw(16) - 8) * fraction * (this.draw(2) + 1)) / fraction),
        );
      return Object.fromEntries(names.map((name) => [name, rows()]));
    });
    const last = Object.fromEntries(names.map((name) => [name, [row(at + 1_000)]]));
    return [...steps, last];
  }

  private some(columns: readonly string[], least = 1): string[] {
    const chosen = columns.filter(() => this.chance(40));
    return chosen.length >= least ? chosen : [this.pick(columns)];
  }

  private pick<Item>(items: readonly Item[]): Item {
    return items[this.draw(items.length)]!;
  }

  private chance(percent: number): boolean {
    return this.draw(100) < percent;
  }
}

const signed = (count: number) => (count < 0 ? `- ${-count}` : `+ ${count}`);
