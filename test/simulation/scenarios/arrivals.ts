// Sales as producers put them: in bursts, out of order, some of them late, broken or far in the
// future, a few of them put twice.

import { type Chance, chanceOf } from '../../../lib/testing/faults/chance.ts';
import type { Arrival } from '../../../lib/testing/world/scenario.ts';
import type { Sale } from '../oracle.ts';

const START_MS = Date.UTC(2026, 0, 1);
const SHOPS = ['north', 'south', 'east', 'west', '__proto__'];

export interface ArrivalOptions {
  readonly seed: number;
  readonly bursts: number;
  readonly burstMax: number;
  /** Between two bursts, at most. */
  readonly pauseMaxMs: number;
  /** Turns a sale into the bytes of a record. @default JSON */
  readonly encode?: (sales: readonly Sale[]) => Uint8Array;
  /** Characters of the note that makes a record large. @default none */
  readonly noteLength?: number;
  /** Whether sales have a price. @default false */
  readonly hasPrices?: boolean;
  /** Times of sales are multiples of this, so that some are equal. @default 1 */
  readonly stepMs?: number;
}

export function arrivalsOf(options: ArrivalOptions): readonly Arrival[] {
  const chance = chanceOf(options.seed, 'arrivals');
  const arrivals: Arrival[] = [];
  let atMs = 0;
  for (let burst = 0; burst < options.bursts; burst += 1) {
    atMs += chance.below(options.pauseMaxMs);
    const count = chance.between(1, options.burstMax);
    for (let index = 0; index < count; index += 1) {
      arrivals.push(...arrivalAt(atMs, chance, options));
    }
  }
  return arrivals;
}

/** One sale for each shop, when everything else is over. */
export const closingSales = () =>
  SHOPS.map((shop) => {
    const sale: Sale = { at: START_MS + 86_400_000, shop, amount: 1 };
    return { partitionKey: shop, data: Buffer.from(JSON.stringify(sale)) };
  });

function arrivalAt(atMs: number, chance: Chance, options: ArrivalOptions): Arrival[] {
  const shop = chance.pick(SHOPS);
  const draw = chance.below(100);
  if (draw < 3) return [{ atMs, partitionKey: shop, data: Buffer.from('{"at": broken') }];
  const sale = withPrice(saleAt(atMs, { ...options, shop, chance, draw }), options);
  const encode = options.encode ?? ((sales) => Buffer.from(JSON.stringify(sales[0])));
  const sales = options.encode === undefined ? [sale] : [sale, { ...sale, amount: 1 }];
  const arrival = { atMs, partitionKey: shop, data: encode(sales) };
  return draw >= 97 ? [arrival, arrival] : [arrival];
}

function saleAt(
  atMs: number,
  of: {
    readonly shop: string;
    readonly chance: Chance;
    readonly draw: number;
  } & Pick<ArrivalOptions, 'noteLength' | 'stepMs'>,
): Sale {
  const { shop, chance, draw, noteLength = 0, stepMs = 1 } = of;
  const behindMs = draw < 15 ? chance.below(300_000) : chance.below(10_000);
  const at = draw < 5 ? START_MS + 400 * 86_400_000 : START_MS + atMs - behindMs;
  const sale = { at: at - (at % stepMs), shop, amount: chance.below(20) };
  return noteLength === 0 ? sale : { ...sale, note: 'x'.repeat(chance.below(noteLength)) };
}

/** Prices of all lengths: some end in zeros, some are too long for a double. */
function withPrice(sale: Sale, { hasPrices = false }: ArrivalOptions): Sale {
  if (!hasPrices) return sale;
  const { at, amount } = sale;
  const whole = BigInt(amount) + (amount % 4 === 0 ? 9_007_199_254_740_990n : 0n);
  return { ...sale, price: `${whole}.${['00', '10', '30', '05', '99'][at % 5]}` };
}
