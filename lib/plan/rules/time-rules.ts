// Windows and watermarks: one watermark, before the groups; windows that cover time without gaps.

import { WINDOW_PANES_MAX } from '../../model/limits.ts';
import { formatDuration } from '../../time/duration.ts';
import { paneMs } from '../../time/window.ts';
import type { WindowSpec } from '../plan.ts';
import type { PlanDraft, PlanProblem } from './plan-problem.ts';
import { isKeyedNode, upstreamOf } from './plan-problem.ts';

export function timeProblems(plan: PlanDraft): PlanProblem[] {
  return [...watermarks(plan), ...windows(plan)];
}

function watermarks(plan: PlanDraft): PlanProblem[] {
  const declared = plan.nodes.filter((node) => node.kind === 'watermark');
  const problems: PlanProblem[] = [];
  for (const node of declared) {
    if (upstreamOf(plan, node).some(isKeyedNode)) {
      problems.push({
        code: 'watermark-after-groups',
        message: `'${node.uid}' comes after the aggregation that needs it: put .withWatermark before .keyBy`,
      });
    }
    if (node.maxAheadMs === 0) {
      problems.push({
        code: 'max-ahead-zero',
        message: `maxAhead of '${node.uid}' is zero, but clocks differ: allow at least some seconds`,
      });
    }
  }
  return problems;
}

function windows(plan: PlanDraft): PlanProblem[] {
  return plan.nodes.filter(isKeyedNode).flatMap((node) => {
    if (node.window === null) return [];
    const problems = windowProblems(node.uid, node.window);
    if (
      !upstreamOf(plan, node).some(
        (each) => each.kind === 'watermark' || each.kind === 'processing-time',
      )
    ) {
      problems.push({
        code: 'window-without-watermark',
        message: `the windows of '${node.uid}' have no event time: declare .withWatermark(…) before .keyBy`,
      });
    }
    return problems;
  });
}

function windowProblems(uid: string, window: WindowSpec): PlanProblem[] {
  if (window.kind !== 'time') return [];
  const { sizeMs, slideMs } = window;
  if (sizeMs === 0 && slideMs === 1) return [];
  if (!(sizeMs > 0)) {
    return [
      {
        code: 'window-size-zero',
        message: `the window of '${uid}' has no length: give it a size above zero`,
      },
    ];
  }
  if (!(slideMs > 0)) {
    return [
      {
        code: 'window-slide-zero',
        message: `the window of '${uid}' never moves: give it a slide above zero`,
      },
    ];
  }
  if (slideMs > sizeMs) {
    const [slide, size] = [formatDuration(slideMs), formatDuration(sizeMs)];
    return [
      {
        code: 'window-gaps',
        message: `windows of ${size} every ${slide} leave gaps in '${uid}': the slide must not be longer than the size`,
      },
    ];
  }
  const panes = sizeMs / paneMs(window);
  if (panes <= WINDOW_PANES_MAX) return [];
  return [
    {
      code: 'window-too-fine',
      message: `each window of '${uid}' would be made of ${panes} parts, the limit is ${WINDOW_PANES_MAX}: choose a longer slide that divides the size`,
    },
  ];
}
