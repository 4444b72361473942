// The order of rows that a form asks for.

import { expression, type Row } from './expressions.ts';
import type { Value } from './vector.ts';

/** Sorts rows by `a asc, b desc`; null comes first, and last where it descends. */
export function sorting(orderBy: string): (rows: readonly Row[]) => readonly Row[] {
  const terms = orderBy.split(',').map((term) => {
    const match = /^(.*?)(?:\s+(asc|desc))?$/i.exec(term.trim())!;
    return { evaluate: expression(match[1]!), sign: match[2]?.toLowerCase() === 'desc' ? -1 : 1 };
  });
  return (rows) =>
    rows.toSorted((left, right) => {
      for (const { evaluate, sign } of terms) {
        const order = compareValues(evaluate(left), evaluate(right));
        if (order !== 0) return order * sign;
      }
      return 0;
    });
}

function compareValues(left: Value, right: Value): number {
  if (left === null || right === null) return Number(right === null) - Number(left === null);
  if (typeof left === 'string' && typeof right === 'string') {
    return Buffer.compare(Buffer.from(left), Buffer.from(right));
  }
  return Number(left) - Number(right);
}
