// Random plans over every construct of the structured form, with inputs: to find plans that the adapter
// cannot turn into a pipeline, and operators that do not do together what each does alone.

import type { Draw } from './cuts.ts';
import type { StructuredForm } from './forms.ts';
import { RandomJoins } from './random-joins.ts';
import { KEYS, type Part } from './random-parts.ts';
import type { Value } from './vector.ts';

export interface RandomCase {
  readonly form: StructuredForm;
  readonly steps: readonly Readonly<Record<string, readonly (readonly Value[])[]>>[];
}

export function randomCase(draw: Draw): RandomCase {
  return new Randomly(draw).case();
}

class Randomly extends RandomJoins {
  case(): RandomCase {
    const hasWatermark = this.chance(85);
    const { root, mode, output } = hasWatermark ? this.timed() : this.untimed();
    const form: StructuredForm = {
      mode,
      sources: this.sources,
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
    switch (this.draw(4)) {
      case 0:
        return this.finished(this.stream('', false), this.pick(['append', 'update']));
      case 1: {
        const stream = this.stream('', false);
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
        return this.aggregatedRoot(
          this.stream('', false),
          this.pick(['update', 'complete']),
          false,
        );
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
}
