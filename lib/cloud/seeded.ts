/** A repeatable source of numbers: equal seeds and equal calls give equal numbers. */
export interface Seeded {
  /** The whole state; storing it and handing it to `createSeeded` again continues the sequence. */
  readonly state: number;
  /** An integer from 0 up to, but without, `bound` (at most 2^32). */
  below(bound: number): number;
  /** A version 4 UUID. */
  uuid(): string;
}

/** Mulberry32: 32 bits of state are enough to spread gaps and name things, and nothing here is secret. */
export function createSeeded(seed: number): Seeded {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const hex = () => next().toString(16).padStart(8, '0');
  return {
    get state() {
      return state;
    },
    below: (bound) => Math.floor((next() / 2 ** 32) * bound),
    uuid() {
      const digits = hex() + hex() + hex() + hex();
      const variant = '89ab'[parseInt(digits[16]!, 16) & 3]!;
      return [
        digits.slice(0, 8),
        digits.slice(8, 12),
        `4${digits.slice(13, 16)}`,
        variant + digits.slice(17, 20),
        digits.slice(20),
      ].join('-');
    },
  };
}
