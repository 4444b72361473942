// Random joins: of streams, of joined streams and of results.

import type { NodeForm } from './forms.ts';
import { type Part, RandomParts } from './random-parts.ts';

/** Joins whose right rows come out alone once they are of no use any more, which has to be some time. */
const KEEPS_RIGHT: ReadonlySet<string> = new Set(['right', 'full']);

export class RandomJoins extends RandomParts {
  protected joined(): Part {
    return this.join(this.stream('l', true), this.stream('r', true));
  }

  /** The pairs of two streams with a third one. */
  protected joinedTwice(): Part {
    const pairs = this.join(this.stream('l', true), this.stream('x', true), 'inner');
    const bare = pairs.all.filter((column) => column.startsWith('l'));
    return this.join({ ...pairs, all: bare }, this.stream('r', true));
  }

  /** The results of windows over two streams. */
  protected joinedResults(): Part {
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

  protected join(left: Part, right: Part, only?: string): Part {
    const type = only ?? this.pick(['inner', 'inner', 'left', 'right', 'full', 'semi']);
    const [l, r] = [left.time[0], right.time[0]];
    const [lt, rt] = [left.time, right.time];
    const on: [string, string][] = [[`${l}k`, `${r}k`]];
    if (this.chance(20)) on.push([`${l}u`, `${r}u`]);
    const where = this.chance(20) ? `${l}v < ${r}v + 5` : null;
    const { bound, ...times } = this.bounds(lt, rt, { on, mayBeOpen: !KEEPS_RIGHT.has(type) });
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

  protected bounds(
    lt: string,
    rt: string,
    { on, mayBeOpen }: { readonly on: [string, string][]; readonly mayBeOpen: boolean },
  ) {
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
    const isOpen = mayBeOpen && this.chance(15);
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
}

const signed = (count: number) => (count < 0 ? `- ${-count}` : `+ ${count}`);
