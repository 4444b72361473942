// The nodes that `.join` and `.joinStatic` write.

import { parseDuration } from '../time/duration.ts';
import type { NodeBody } from './graph.ts';
import type { JoinType, StaticTable, TimeBound, TimeWindowSpec } from './plan.ts';
import { type JoinOn, joinKeysOf, type UserFunction } from './writer.ts';

/** The options of `.join` as values. */
export interface JoinOptionValues {
  readonly type?: JoinType;
  readonly on: JoinOn;
  readonly nullSafe?: boolean;
  readonly within?: {
    readonly from?: string;
    readonly to?: string;
    readonly fromInclusive?: boolean;
    readonly toInclusive?: boolean;
  };
  readonly window?: TimeWindowSpec;
  readonly where?: UserFunction;
  readonly leftWhere?: UserFunction;
  readonly rightWhere?: UserFunction;
}

export function joinBodyOf(options: JoinOptionValues): NodeBody {
  const { left, right } = joinKeysOf(options.on);
  return {
    kind: 'join',
    type: options.type ?? 'inner',
    leftKey: left,
    rightKey: right,
    nullSafe: options.nullSafe ?? false,
    within: options.within === undefined ? null : boundOf(options.within),
    window: options.window ?? null,
    where: options.where ?? null,
    leftWhere: options.leftWhere ?? null,
    rightWhere: options.rightWhere ?? null,
  };
}

export function staticJoinBodyOf(
  table: StaticTable,
  options: { readonly on: JoinOn; readonly type?: 'inner' | 'left'; readonly refresh?: string },
): NodeBody {
  const { left, right } = joinKeysOf(options.on);
  return {
    kind: 'static-join',
    type: options.type ?? 'inner',
    key: left,
    table,
    tableFields: right.fields,
    refreshMs: parseDuration(options.refresh ?? '5 minutes'),
  };
}

function boundOf(within: NonNullable<JoinOptionValues['within']>): TimeBound {
  return {
    lowerMs: within.from === undefined ? null : signedDurationMs(within.from),
    lowerInclusive: within.fromInclusive ?? true,
    upperMs: within.to === undefined ? null : signedDurationMs(within.to),
    upperInclusive: within.toInclusive ?? true,
  };
}

/** Differences of times go both ways: `'-40 seconds'`. */
function signedDurationMs(text: string): number {
  return text.startsWith('-') ? 0 - parseDuration(text.slice(1)) : parseDuration(text);
}
