// Windows that cover time, or rows, without gaps.

import { WINDOW_PANES_MAX } from '../../model/limits.ts';
import { formatDuration } from '../../time/duration.ts';
import { paneMs } from '../../time/window.ts';
import type { CountWindowSpec, TimeWindowSpec, WindowSpec } from '../plan.ts';
import type { PlanDraft, PlanProblem } from './plan-problem.ts';

export function windowProblems(plan: PlanDraft): PlanProblem[] {
  return plan.nodes.flatMap((node) => {
    if (node.kind === 'batch-window') return batchWindow(node.uid, node);
    if (!('window' in node) || node.window === null) return [];
    return problemsOf(node.uid, node.window);
  });
}

function problemsOf(uid: string, window: WindowSpec): PlanProblem[] {
  switch (window.kind) {
    case 'time':
      return timeWindow(uid, window);
    case 'session':
      if (typeof window.gap === 'function' || window.gap > 0) return [];
      return [
        {
          code: 'session-gap-zero',
          message: `the sessions of '${uid}' have no gap, so that no row is in one: give it one above zero`,
        },
      ];
    case 'count':
      return countWindow(uid, window);
  }
}

function timeWindow(uid: string, window: TimeWindowSpec): PlanProblem[] {
  const { sizeMs, slideMs } = window;
  const isInstant = sizeMs === 0 && slideMs === 1;
  if (isInstant) return [];
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

function countWindow(uid: string, { size, slide }: CountWindowSpec): PlanProblem[] {
  const areWhole = Number.isSafeInteger(size) && Number.isSafeInteger(slide);
  if (areWhole && slide >= 1 && slide <= size) return [];
  return [
    {
      code: 'count-window-invalid',
      message: `windows of ${size} rows every ${slide} cannot be in '${uid}': use whole numbers, the slide from 1 to the size`,
    },
  ];
}

/** Batches come at any time, so that a window of them need not touch the next. */
function batchWindow(
  uid: string,
  { lengthMs, slideMs }: { readonly lengthMs: number; readonly slideMs: number },
): PlanProblem[] {
  if (lengthMs > 0 && slideMs > 0) return [];
  return [
    {
      code: 'batch-window-zero',
      message: `the window of '${uid}' is ${formatDuration(lengthMs)} every ${formatDuration(slideMs)}: give it a length and a slide above zero`,
    },
  ];
}
