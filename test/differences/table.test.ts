import { describe, expect, test } from 'vitest';
import { parseOptions } from './options.ts';
import { type Outcome, parseReport } from './suite.ts';
import { condensed, tableOf, withTable } from './table.ts';

const outcome = (of: Partial<Outcome>): Outcome => ({
  service: 'S3',
  rule: 'lists in order',
  handler: null,
  failure: null,
  ...of,
});

const run = (name: string, outcomes: readonly Outcome[]) => ({
  cloud: { name, services: ['S3' as const] },
  outcomes,
});

const rowsOf = (table: string) => table.split('\n').slice(4);

describe('the table of differences', () => {
  test('has a row for each rule that a cloud breaks, with what happened in each of them', () => {
    const table = tableOf([
      run('Alpha', [outcome({}), outcome({ rule: 'copies', failure: 'Error: it does not' })]),
      run('Beta', [outcome({}), outcome({ rule: 'copies' })]),
      { cloud: { name: 'Gamma', services: ['DynamoDB'] }, outcomes: [] },
    ]);
    expect(table).toBe(
      [
        'Of the rules tested Alpha differs in 1 of 2, Beta differs in 0 of 2, Gamma differs in 0 of 0.',
        '',
        '| Service | Documented | Alpha | Beta | Gamma |',
        '| --- | --- | --- | --- | --- |',
        '| S3 | copies | it does not | ✓ | — |',
      ].join('\n'),
    );
  });

  test('is in the order of the services, and then in that of the suite', () => {
    const broken = (service: Outcome['service'], rule: string) =>
      outcome({ service, rule, failure: 'Error: no' });
    const outcomes = [broken('S3', 'b'), broken('S3', 'a'), broken('DynamoDB', 'c')];
    const cloud = { name: 'Alpha', services: ['DynamoDB', 'S3'] as const };
    expect(rowsOf(tableOf([{ cloud, outcomes }]))).toEqual([
      '| DynamoDB | c | no |',
      '| S3 | b | no |',
      '| S3 | a | no |',
    ]);
  });

  test('names the HTTP handler when a rule is broken over one of them only', () => {
    const [fast, plain] = ['default', 'http/1.1'].map((handler) =>
      outcome({ handler, failure: 'Error: breaks off' }),
    );
    expect(rowsOf(tableOf([run('Alpha', [fast!, plain!])]))).toEqual([
      '| S3 | lists in order | breaks off |',
    ]);
    expect(rowsOf(tableOf([run('Alpha', [fast!, { ...plain!, failure: null }])]))).toEqual([
      '| S3 | lists in order | default handler: breaks off |',
    ]);
  });

  test('keeps the sentence of a failure and nothing that differs from run to run', () => {
    const stack = '\n    at /somewhere/test.ts:1:1';
    for (const [failure, text] of [
      [`AssertionError: it is ignored: expected [] to deeply equal [ 1 ]${stack}`, 'it is ignored'],
      [`AssertionError: expected 1 to be 2 // Object.is equality${stack}`, 'expected 1 to be 2'],
      [`NoSuchKey: rivulet-rows-0123456789 is gone${stack}`, 'NoSuchKey: … is gone'],
      [`Error: STACK_TRACE_ERROR${stack}`, 'no answer in time'],
    ] as const) {
      expect(condensed(failure)).toBe(text);
    }
    expect(condensed('x'.repeat(500))).toHaveLength(120);
  });

  test('escapes what Markdown would take for its own', () => {
    const failure = 'Error: a_b | <c>';
    expect(rowsOf(tableOf([run('Alpha', [outcome({ failure })])]))).toEqual([
      '| S3 | lists in order | a\\_b \\| \\<c\\> |',
    ]);
  });

  test('replaces what is between its marks, again and again', () => {
    const text = 'before\n<!-- differences -->\nold\n<!-- end of differences -->\nafter\n';
    const once = withTable(text, 'new');
    expect(once).toContain('<!-- differences -->\n\nnew\n\n<!-- end of differences -->\nafter');
    expect(once.startsWith('before\n')).toBe(true);
    expect(withTable(once, 'new')).toBe(once);
    expect(() => withTable('no marks', 'new')).toThrow('there must be a line');
  });
});

describe('the report of a run', () => {
  const report = (status: string, name = 's3.test.ts') =>
    JSON.stringify({
      testResults: [
        {
          name: `/project/test/conformance/${name}`,
          message: 'cannot be loaded',
          assertionResults: [
            {
              ancestorTitles: ['S3 over the http/1.1 handler'],
              title: 'copies',
              status,
              failureMessages: ['Error: it does not'],
            },
          ],
        },
      ],
    });

  test('is read as one outcome for each test', () => {
    const failure = 'Error: it does not';
    expect(parseReport(report('failed'))).toEqual([
      { service: 'S3', rule: 'copies', handler: 'http/1.1', failure },
    ]);
    expect(parseReport(report('passed'))[0]!.failure).toBeNull();
  });

  test('says nothing when a test did not run', () => {
    expect(() => parseReport(report('skipped'))).toThrow('did not run to their end');
    const unloaded = report('failed').replace(
      /"assertionResults":\[.*\]/,
      '"assertionResults":[]}]',
    );
    expect(() => parseReport(unloaded)).toThrow('cannot be loaded');
    expect(() => parseReport(report('passed', 'other.test.ts'))).toThrow('no service of');
  });
});

test('options name clouds by endpoint, and a wrong one is answered with what to write', () => {
  const given = parseOptions(['--check', '--endpoint', 'ministack=http://127.0.0.1:1/?a=b']);
  expect(given).toEqual({
    check: true,
    help: false,
    endpoints: new Map([['ministack', 'http://127.0.0.1:1/?a=b']]),
  });
  for (const wrong of ['moto=http://127.0.0.1:1', 'ministack', 'ministack=nowhere']) {
    expect(parseOptions(['--endpoint', wrong])).toContain('must be CLOUD=URL');
  }
  expect(parseOptions(['--unknown'])).toContain('--unknown');
});
