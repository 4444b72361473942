// Evaluates the expressions of vectors: JavaScript over the columns of a row, with a few helpers. Only
// tests do this; the product never evaluates text.

import type { Value } from './vector.ts';

export type Row = Readonly<Record<string, Value>>;
export type Evaluate = (row: Row) => Value;

/** What an expression may call besides the language itself. */
const HELPERS = {
  floor: Math.floor,
  words: (text: Value) => (text === null ? [] : String(text).split(' ')),
  coalesce: (...values: readonly Value[]) => values.find((value) => value !== null) ?? null,
  nmul: (left: number | null, right: number | null) =>
    left === null || right === null ? null : left * right,
};

const WORDS_OF_LANGUAGE = new Set(
  'null true false undefined NaN Infinity typeof in of new return Math String Number Array Object JSON Boolean Date parseInt parseFloat isNaN'.split(
    ' ',
  ),
);
const TEXTS = /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`/g;
const NAMES = /(?<![\w$.])[A-Za-z_$][\w$]*/g;

const compiled = new Map<string, Evaluate>();

/** An expression as a function of a row; columns that the row does not have are null. */
export function expression(text: string): Evaluate {
  const known = compiled.get(text);
  if (known !== undefined) return known;
  const evaluate = compile(text);
  compiled.set(text, evaluate);
  return evaluate;
}

/** The columns that an expression names. */
function columnsOf(text: string): readonly string[] {
  const names = text.replaceAll(TEXTS, ' ').match(NAMES) ?? [];
  return [...new Set(names)].filter(
    (name) => !WORDS_OF_LANGUAGE.has(name) && !Object.hasOwn(HELPERS, name),
  );
}

function compile(text: string): Evaluate {
  const columns = columnsOf(text);
  const [only] = columns;
  if (columns.length === 1 && only === text.trim()) return (row) => row[only] ?? null;
  const names = [...Object.keys(HELPERS), ...columns];
  const evaluate = new Function(...names, `return (${text});`) as (
    ...values: readonly unknown[]
  ) => Value;
  const helpers = Object.values(HELPERS);
  return (row) => evaluate(...helpers, ...columns.map((column) => row[column] ?? null)) ?? null;
}
