/** Numbers that look random and are the same on every machine: mulberry32. */
export interface Random {
  /** A whole number from 0 to `end - 1`. */
  below(end: number): number;
  /** True once in `times` calls on average. */
  onceIn(times: number): boolean;
  pick<Value>(values: readonly Value[]): Value;
}

export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (end: number) => Math.floor(next() * end);
  return {
    below,
    onceIn: (times) => below(times) === 0,
    pick: (values) => values[below(values.length)]!,
  };
}
