// Parts of operators as text.

import { formatDuration } from '../time/duration.ts';
import type { AggregateSpec, KeySpec, Selector, TimeUnit, WindowSpec } from './plan.ts';

export function windowText(window: WindowSpec): string {
  switch (window.kind) {
    case 'session':
      return typeof window.gap === 'number'
        ? `sessions that end after ${formatDuration(window.gap)} without a row`
        : 'sessions whose gaps your function gives';
    case 'count':
      return window.size === window.slide
        ? `windows of ${window.size} rows`
        : `windows of ${window.size} rows every ${window.slide}`;
    case 'time': {
      const { sizeMs, slideMs } = window;
      if (sizeMs === 0) return 'event times';
      return sizeMs === slideMs
        ? `windows of ${formatDuration(sizeMs)}`
        : `windows of ${formatDuration(sizeMs)} every ${formatDuration(slideMs)}`;
    }
  }
}

/** The key in words, in a list that is empty where all rows are one group. */
export function keyTexts(key: KeySpec): readonly string[] {
  if (key.selectors.length === 0) return [];
  const byFunction = key.selectors.some((selector) => selector.kind === 'function');
  return [byFunction ? 'key (your function)' : key.fields.join(', ')];
}

export function unitText(unit: TimeUnit): string {
  return unit === 'iso' ? 'ISO 8601 text' : unit;
}

export function aggregateText(spec: AggregateSpec): string {
  if (spec.kind === 'custom') return 'your aggregator';
  const input = spec.input === null ? '' : selectorText(spec.input);
  const exact = spec.decimalScale === null ? '' : `, exact with ${spec.decimalScale} digits`;
  return `${spec.kind}(${[`${input}${exact}`, ...parameterTexts(spec)].join(', ')})`;
}

function parameterTexts(spec: AggregateSpec): readonly string[] {
  switch (spec.kind) {
    case 'topK':
      return [String(spec.k), ...(spec.by === null ? [] : [`by ${selectorText(spec.by)}`])];
    case 'approxCountDistinct':
      return [`relative error ${spec.relativeError}`];
    case 'approxPercentile':
      return [JSON.stringify(spec.percentages), `accuracy ${spec.accuracy}`];
    default:
      return [];
  }
}

export function selectorText(selector: Selector): string {
  return selector.kind === 'field' ? selector.field : 'your function';
}
