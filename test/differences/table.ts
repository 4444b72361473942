// The table of differences: one row for each rule that a cloud breaks, in the order of the suite, with
// what happened there instead. Nothing in it depends on when or where it was made.

import { SERVICE_NAMES, type Service, type TestedCloud } from './clouds.ts';
import type { Outcome } from './suite.ts';

/** What one cloud was tested as, with what came of it. */
export interface TestedRun {
  readonly cloud: Pick<TestedCloud, 'name' | 'services'>;
  readonly outcomes: readonly Outcome[];
}

const BEGIN = '<!-- differences -->';
const END = '<!-- end of differences -->';
const CELL_CHARACTERS_MAX = 120;
const HOLDS = '✓';
const ABSENT = '—';

export function tableOf(runs: readonly TestedRun[]): string {
  const rules = rulesOf(runs);
  const broken = rules
    .map((rule) => ({ ...rule, cells: runs.map((run) => cellOf(run, rule)) }))
    .filter(({ cells }) => cells.some((cell) => cell !== HOLDS && cell !== ABSENT));
  const lines = [
    ['Service', 'Documented', ...runs.map(({ cloud }) => cloud.name)],
    ['---', '---', ...runs.map(() => '---')],
    ...broken.map(({ service, rule, cells }) => [service, rule, ...cells]),
  ];
  const counts = runs.map((run, index) => {
    const count = broken.filter(({ cells }) => ![HOLDS, ABSENT].includes(cells[index]!)).length;
    return `${run.cloud.name} differs in ${count} of ${new Set(run.outcomes.map(idOf)).size}`;
  });
  const table = lines.map((cells) => `| ${cells.map(escaped).join(' | ')} |`).join('\n');
  return `Of the rules tested ${counts.join(', ')}.\n\n${table}`;
}

/** The text with the table between its marks. */
export function withTable(text: string, table: string): string {
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin < 0 || end < begin)
    throw new Error(`there must be a line ${BEGIN} and then one ${END}`);
  return `${text.slice(0, begin + BEGIN.length)}\n\n${table}\n\n${text.slice(end)}`;
}

/** What a failure says, in one line without what differs from run to run. */
export function condensed(failure: string): string {
  const [first = ''] = failure.split('\n');
  const text = first
    .replace(/^(Assertion)?Error: /, '')
    // A sentence of the test's own says more than the comparison behind it.
    .replace(/: expected .*$/, '')
    .replace(/ \/\/ Object\.is equality$/, '')
    .replace(/^STACK_TRACE_ERROR$/, 'no answer in time')
    .replaceAll(/rivulet-[a-z]+-[0-9a-f]{10}/g, '…');
  return text.length <= CELL_CHARACTERS_MAX ? text : `${text.slice(0, CELL_CHARACTERS_MAX - 1)}…`;
}

interface Rule {
  readonly service: Service;
  readonly rule: string;
}

function cellOf({ cloud, outcomes }: TestedRun, { service, rule }: Rule): string {
  if (!cloud.services.includes(service)) return ABSENT;
  const mine = outcomes.filter((outcome) => outcome.service === service && outcome.rule === rule);
  if (mine.length === 0) throw new Error(`${cloud.name} was not asked for "${rule}"`);
  const failures = mine.flatMap(({ failure, handler }) =>
    failure === null ? [] : [{ text: condensed(failure), handler }],
  );
  if (failures.length === 0) return HOLDS;
  const texts = new Set(failures.map(({ text }) => text));
  if (failures.length === mine.length && texts.size === 1) return failures[0]!.text;
  return failures.map(({ text, handler }) => `${handler} handler: ${text}`).join('; ');
}

/** In the order of the services, and within one in the order of the suite. */
function rulesOf(runs: readonly TestedRun[]): readonly Rule[] {
  const ids = [...new Set(runs.flatMap(({ outcomes }) => outcomes.map(idOf)))];
  const rules = ids.map((id): Rule => {
    const [service, rule] = id.split(/: (.*)/s) as [Service, string];
    return { service, rule };
  });
  return SERVICE_NAMES.flatMap((service) => rules.filter((rule) => rule.service === service));
}

const idOf = ({ service, rule }: Rule) => `${service}: ${rule}`;

const escaped = (cell: string) => cell.replaceAll(/[|<>*_]/g, (character) => `\\${character}`);
