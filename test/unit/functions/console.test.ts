import { expect, it } from 'vitest';
import {
  batchTable,
  doubleText,
  firstElements,
  windowText,
} from '../../../functions/pipelines/printing/console.ts';

const LINE = '-------------------------------------------';
const columns = { id: (row: { id: string }) => row.id, n: (row: { n: number }) => String(row.n) };

it('a table cuts cells after twenty characters and stands at the right', () => {
  const rows = [
    { id: 'b'.repeat(21), n: 1 },
    { id: 'a'.repeat(20), n: 22_222 },
  ];
  expect(batchTable('console-i-s-3', rows, { columns, truncate: true }).split('\n')).toEqual([
    ...[LINE, 'Batch: 2', LINE],
    '+--------------------+-----+',
    '|                  id|    n|',
    '+--------------------+-----+',
    '|aaaaaaaaaaaaaaaaaaaa|22222|',
    '|bbbbbbbbbbbbbbbbb...|    1|',
    '+--------------------+-----+',
    '',
  ]);
});

it('a table of whole cells stands at the left, in columns of three characters at least', () => {
  const rows = [{ id: 'b'.repeat(21), n: 1 }];
  expect(batchTable('console-i-s-1', rows, { columns, truncate: false }).split('\n')).toEqual([
    ...[LINE, 'Batch: 0', LINE],
    '+---------------------+---+',
    '|id                   |n  |',
    '+---------------------+---+',
    '|bbbbbbbbbbbbbbbbbbbbb|1  |',
    '+---------------------+---+',
    '',
  ]);
});

it('a table shows twenty rows, and says when there are more', () => {
  const rowsOf = (count: number) =>
    Array.from({ length: count }, (_, n) => ({ id: String.fromCharCode(97 + n), n }));
  const table = (count: number) =>
    batchTable('console-i-s-1', rowsOf(count), { columns, truncate: true }).split('\n');
  expect(table(20)).toHaveLength(28);
  expect(table(20)).not.toContain('only showing top 20 rows');
  expect(table(21).slice(-4)).toEqual(['|  t| 19|', '+---+---+', 'only showing top 20 rows', '']);
});

it('rows with equal cells all stand in the table', () => {
  const rows = [
    { id: 'a', n: 1 },
    { id: 'a', n: 1 },
  ];
  expect(batchTable('x-1', rows, { columns, truncate: true })).toContain('|  a|  1|\n|  a|  1|\n');
});

it('ten elements of a batch are shown, and that there are more', () => {
  const elements = Array.from({ length: 11 }, (_, n) => `(${n},1)`);
  const heading = [LINE, 'Time: 5000 ms', LINE];
  expect(firstElements(5_000, elements).split('\n')).toEqual([
    ...heading,
    ...elements.slice(0, 10),
    ...['...', ''],
  ]);
  expect(firstElements(5_000, elements.slice(1)).split('\n')).toEqual([
    ...heading,
    ...elements.slice(1),
    '',
  ]);
});

it('windows and doubles read as they do in Spark', () => {
  const bounds = {
    windowStart: '2024-01-01T12:00:00.000Z',
    windowEnd: '2024-01-01T12:00:00.500Z',
  };
  expect(windowText(bounds)).toBe('{2024-01-01 12:00:00, 2024-01-01 12:00:00.500}');
  expect([doubleText(20), doubleText(-1.25), doubleText(null)]).toEqual(['20.0', '-1.25', 'NULL']);
});
