// Values that the types allow only in part, for pipelines that were bundled without a compiler.

import {
  DECIMAL_SCALE_MAX,
  DISTINCT_ERROR_MAX,
  DISTINCT_ERROR_MIN,
  PERCENTILE_ACCURACY_MAX,
  PERCENTILE_ACCURACY_MIN,
  TOP_VALUES_MAX,
} from '../../model/limits.ts';
import { type AggregateSpec, isSink, type PlanNode, type SinkNode } from '../plan.ts';
import type { PlanDraft, PlanProblem } from './plan-problem.ts';
import { quote } from './plan-problem.ts';

const MODES = ['append', 'update', 'complete'];
const PARTITIONS = ['day', 'hour', 'none'];
const POLICIES = ['min', 'max'];
const JOIN_TYPES = ['inner', 'left', 'right', 'full', 'semi'];
const TIMEOUTS = ['none', 'processing-time', 'event-time'];
const STATE_KINDS = ['value', 'list', 'map'];
const UNITS = ['seconds', 'milliseconds', 'microseconds', 'nanoseconds', 'iso'];

export function optionProblems(plan: PlanDraft): PlanProblem[] {
  return [
    ...choice(plan.name, 'watermarkPolicy', { given: plan.watermarkPolicy, of: POLICIES }),
    ...plan.nodes.flatMap((node) => [
      ...choices(node),
      ...numbers(node),
      ...functions(node),
      ...scales(node),
      ...parameters(node),
    ]),
  ];
}

function choices(node: PlanNode): PlanProblem[] {
  switch (node.kind) {
    case 'watermark':
    case 'event-time':
      return choice(node.uid, 'unit', { given: node.unit, of: UNITS });
    case 'join':
      return choice(node.uid, 'type', { given: node.type, of: JOIN_TYPES });
    case 'static-join':
      return choice(node.uid, 'type', { given: node.type, of: ['inner', 'left'] });
    case 'map-groups':
      return choice(node.uid, 'timeout', { given: node.timeout, of: TIMEOUTS });
    case 'process':
      return [
        ...choice(node.uid, 'timers', { given: node.timers, of: TIMEOUTS }),
        ...Object.values(node.state).flatMap(({ kind }) =>
          choice(node.uid, 'state', { given: kind, of: STATE_KINDS }),
        ),
      ];
    default:
      return isSink(node) ? sinkChoices(node) : [];
  }
}

function sinkChoices(node: SinkNode): PlanProblem[] {
  return [
    ...choice(node.uid, 'mode', { given: node.mode, of: MODES }),
    ...(node.kind === 's3-sink'
      ? choice(node.uid, 'partitionBy', { given: node.partitionBy, of: PARTITIONS })
      : []),
  ];
}

function choice(
  uid: string,
  option: string,
  { given, of }: { readonly given: string; readonly of: readonly string[] },
): PlanProblem[] {
  if (of.includes(given)) return [];
  return [
    {
      code: `${option.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}-unknown`,
      message: `${option} of '${uid}' is '${given}': choose one of ${quote(of)}`,
    },
  ];
}

function numbers(node: PlanNode): PlanProblem[] {
  switch (node.kind) {
    case 'limit':
      return rangeProblems(`the count of '${node.uid}'`, node.count, {
        code: 'limit-invalid',
        min: 0,
        max: Number.MAX_SAFE_INTEGER,
        whole: true,
      });
    case 'sample':
      return rangeProblems(`the rate of '${node.uid}'`, node.rate, {
        code: 'sample-rate-invalid',
        min: 0,
        max: 1,
      });
    default:
      return [];
  }
}

function functions(node: PlanNode): PlanProblem[] {
  const given = functionsOf(node);
  return Object.entries(given)
    .filter(([, value]) => typeof value !== 'function')
    .map(([name]) => ({
      code: 'function-missing',
      message: `'${node.uid}' needs a function for ${name}: give it one`,
    }));
}

function functionsOf(node: PlanNode): Readonly<Record<string, unknown>> {
  switch (node.kind) {
    case 'map':
    case 'flat-map':
    case 'filter':
    case 'foreach-batch-sink':
    case 'map-groups':
    case 'map-with-state':
    case 'transform-batch':
      return { rows: node.apply };
    case 'update-state':
      return { rows: node.update };
    case 'process':
      return { onRow: node.onRow, ...given({ onTimer: node.onTimer }) };
    case 'join':
      return given({
        where: node.where,
        leftWhere: node.leftWhere,
        rightWhere: node.rightWhere,
      });
    case 'batch-window':
      return given({ reduce: node.reduce, inverse: node.inverse, filter: node.keep });
    case 'reduce':
      return { rows: node.reduce };
    case 'aggregate':
      return Object.fromEntries(
        Object.entries(node.aggregates).flatMap(([name, spec]) => customParts(name, spec)),
      );
    default:
      return {};
  }
}

/** Functions that may be left out. */
function given(functions: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(functions).filter(([, value]) => value !== null));
}

function customParts(name: string, spec: AggregateSpec): (readonly [string, unknown])[] {
  if (spec.kind !== 'custom') return [];
  const parts = ['zero', 'add', 'merge', 'result'] as const;
  return parts.map((part) => [`${part} of '${name}'`, spec[part]]);
}

function scales(node: PlanNode): PlanProblem[] {
  if (node.kind !== 'aggregate') return [];
  return Object.entries(node.aggregates).flatMap(([name, spec]) => {
    const scale = 'decimalScale' in spec ? (spec.decimalScale ?? 0) : 0;
    if (Number.isInteger(scale) && scale >= 0 && scale <= DECIMAL_SCALE_MAX) return [];
    return {
      code: 'decimal-scale-invalid',
      message: `the scale of '${name}' in '${node.uid}' is ${scale}: use 0 to ${DECIMAL_SCALE_MAX} digits`,
    };
  });
}

function parameters(node: PlanNode): PlanProblem[] {
  if (node.kind !== 'aggregate') return [];
  return Object.entries(node.aggregates).flatMap(([name, spec]) =>
    parameterProblems(spec, `'${name}' in '${node.uid}'`),
  );
}

function parameterProblems(spec: AggregateSpec, name: string): PlanProblem[] {
  switch (spec.kind) {
    case 'topK':
      return rangeProblems(`k of ${name}`, spec.k, {
        code: 'top-k-invalid',
        min: 1,
        max: TOP_VALUES_MAX,
        whole: true,
      });
    case 'approxCountDistinct':
      return rangeProblems(`relativeError of ${name}`, spec.relativeError, {
        code: 'relative-error-invalid',
        min: DISTINCT_ERROR_MIN,
        max: DISTINCT_ERROR_MAX,
      });
    case 'approxPercentile':
      return [
        ...percentageProblems(name, spec.percentages),
        ...rangeProblems(`accuracy of ${name}`, spec.accuracy, {
          code: 'accuracy-invalid',
          min: PERCENTILE_ACCURACY_MIN,
          max: PERCENTILE_ACCURACY_MAX,
        }),
      ];
    default:
      return [];
  }
}

function percentageProblems(name: string, given: number | readonly number[]): PlanProblem[] {
  const code = 'percentage-invalid';
  const percentages = Array.isArray(given) ? given : [given];
  if (percentages.length === 0) {
    return [{ code, message: `the percentages of ${name} are an empty list: state at least one` }];
  }
  return percentages.flatMap((percentage: unknown) =>
    rangeProblems(`a percentage of ${name}`, percentage, { code, min: 0, max: 1 }),
  );
}

function rangeProblems(
  what: string,
  given: unknown,
  range: {
    readonly code: string;
    readonly min: number;
    readonly max: number;
    readonly whole?: boolean;
  },
): PlanProblem[] {
  const { code, min, max, whole = false } = range;
  const isIn = typeof given === 'number' && given >= min && given <= max;
  if (isIn && (!whole || Number.isInteger(given))) return [];
  const kind = whole ? 'a whole number' : 'a number';
  return [{ code, message: `${what} is ${String(given)}: use ${kind} from ${min} to ${max}` }];
}
