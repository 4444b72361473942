// Repeatable chance. Every decision is drawn from a sequence of its own, named by a seed and labels,
// so that taking one fault out of a plan does not shuffle all that the others meet.

import { createSeeded } from '../../cloud/seeded.ts';

export interface Chance {
  /** An integer from 0 up to, but without, `bound`. */
  below(bound: number): number;
  /** An integer from `min` to `max`, both included. */
  between(min: number, max: number): number;
  /** True in `percent` of 100 draws. */
  percent(percent: number): boolean;
  pick<Item>(items: readonly Item[]): Item;
  /** The items in a random order. */
  shuffled<Item>(items: readonly Item[]): Item[];
}

/** The sequence named by `seed` and `labels`; equal names give equal sequences. */
export function chanceOf(seed: number, ...labels: readonly (number | string)[]): Chance {
  const seeded = createSeeded(fnv1a(`${seed}/${labels.join('/')}`));
  const below = (bound: number) => seeded.below(bound);
  return {
    below,
    between: (min, max) => min + below(max - min + 1),
    percent: (percent) => below(100) < percent,
    pick: (items) => items[below(items.length)]!,
    shuffled(items) {
      const order = [...items];
      for (let index = order.length - 1; index > 0; index -= 1) {
        const other = below(index + 1);
        [order[index], order[other]] = [order[other]!, order[index]!];
      }
      return order;
    },
  };
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}
