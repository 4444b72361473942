// The bins of DDSketch (Masson, Rim, Lee 2019): bin i holds the magnitudes in (g^(i-1), g^i], and
// 2 g^i / (g + 1) is within the share (g - 1) / (g + 1) of all of them. Unlike sketches that sample
// or cluster, bins do not depend on the order of arrival, so that panes and batches of any cut give
// the same percentiles. A bin's name is a whole number that ascends with the values in it.

/** Maps numbers to names of bins, and names to a number near all in the bin. */
export interface Bins {
  readonly binOf: (value: number) => number;
  readonly numberOf: (bin: number) => number;
}

/** Above the index of the smallest magnitude in the finest bins, which is -127,000. */
const ZERO_INDEX = 2 ** 20;

/** Bins with a relative error of at most 1 / `accuracy`. */
export function binsOf(accuracy: number): Bins {
  const growth = (accuracy + 1) / (accuracy - 1);
  const step = Math.log(growth);
  return {
    binOf: (value) =>
      value === 0
        ? 0
        : Math.sign(value) * (ZERO_INDEX + Math.ceil(Math.log(Math.abs(value)) / step)),
    numberOf: (bin) =>
      bin === 0
        ? 0
        : (Math.sign(bin) * 2 * Math.exp((Math.abs(bin) - ZERO_INDEX) * step)) / (growth + 1),
  };
}
