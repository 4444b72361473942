import { EngineError } from '../model/errors.ts';
import type { Plan } from './plan.ts';
import { fieldProblems } from './rules/field-rules.ts';
import { joinProblems } from './rules/join-rules.ts';
import { keyProblems } from './rules/key-rules.ts';
import { nameProblems } from './rules/name-rules.ts';
import { optionProblems } from './rules/option-rules.ts';
import { outputProblems } from './rules/output-rules.ts';
import type { PlanProblem } from './rules/plan-problem.ts';
import { timeProblems } from './rules/time-rules.ts';
import { windowProblems } from './rules/window-rules.ts';

const rules = [
  optionProblems,
  nameProblems,
  timeProblems,
  windowProblems,
  keyProblems,
  fieldProblems,
  joinProblems,
  outputProblems,
];

/** Everything that keeps a plan from running; empty for one that can. */
export function findPlanProblems(plan: Omit<Plan, 'hash'>): readonly PlanProblem[] {
  return rules.flatMap((problemsOf) => problemsOf(plan));
}

/** @throws EngineError `invalid`, code `plan-invalid`, with all problems of the plan. */
export function assertValidPlan(plan: Omit<Plan, 'hash'>): void {
  const problems = findPlanProblems(plan);
  if (problems.length === 0) return;
  const lines = problems.map(({ code, message }) => `  - ${message} (${code})`);
  throw new EngineError('invalid', [`pipeline '${plan.name}' cannot run:`, ...lines].join('\n'), {
    code: 'plan-invalid',
  });
}
