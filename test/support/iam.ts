// A small evaluator of identity policies, for what the constructs write: Allow and Deny statements
// with actions and resources, and no conditions.

import type { Template } from 'aws-cdk-lib/assertions';
import { type Resource, resourcesOf } from './synthesis.ts';

export interface Statement {
  readonly sid: string;
  readonly effect: string;
  readonly actions: readonly string[];
  /** `Fn::GetAtt: [X, Arn]` is written `X`; what is joined to it follows. */
  readonly resources: readonly string[];
}

/** The statements of every role whose logical id matches. */
export function statementsOf(template: Template, role: RegExp): readonly Statement[] {
  return Object.values(resourcesOf(template, 'AWS::IAM::Policy'))
    .filter(({ Properties }) => role.test(text((Properties['Roles'] as unknown[])[0])))
    .flatMap(statementsIn);
}

/** Whether `statements` let their role do `action` to `resource`, as IAM decides: a Deny wins. */
export function isAllowed(
  statements: readonly Statement[],
  action: string,
  resource: string,
): boolean {
  const matching = statements.filter(
    ({ actions, resources }) =>
      actions.some((pattern) => matches(pattern.toLowerCase(), action.toLowerCase())) &&
      resources.some((pattern) => matches(pattern, resource)),
  );
  return (
    matching.some(({ effect }) => effect === 'Allow') &&
    matching.every(({ effect }) => effect === 'Allow')
  );
}

function statementsIn({ Properties }: Resource): Statement[] {
  const document = Properties['PolicyDocument'] as {
    readonly Statement: readonly Readonly<Record<string, unknown>>[];
  };
  return document.Statement.map((statement) => {
    for (const member of Object.keys(statement)) {
      if (!['Sid', 'Effect', 'Action', 'Resource'].includes(member)) {
        throw new Error(`the evaluator does not know the member ${member} of a statement`);
      }
    }
    return {
      sid: text(statement['Sid'] ?? ''),
      effect: text(statement['Effect']),
      actions: list(statement['Action']).map(text),
      resources: list(statement['Resource']).map(text),
    };
  });
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);

/** A value of a template as text: attributes and references become the logical id they point to. */
export function text(value: unknown): string {
  if (typeof value === 'string') return value;
  const entries = Object.entries(value as Readonly<Record<string, unknown>>);
  const [intrinsic, argument] = entries[0] ?? [];
  switch (intrinsic) {
    case 'Ref':
      return String(argument);
    case 'Fn::GetAtt': {
      const [id, attribute] = argument as readonly [string, string];
      return attribute === 'Arn' ? id : `${id}.${attribute}`;
    }
    case 'Fn::Join': {
      const [separator, parts] = argument as readonly [string, readonly unknown[]];
      return parts.map(text).join(separator);
    }
    default:
      throw new Error(`cannot read ${JSON.stringify(value)} of a template as text`);
  }
}

function matches(pattern: string, value: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return pattern === value;
  if (!value.startsWith(first)) return false;
  let from = first.length;
  const last = rest.pop()!;
  for (const part of rest) {
    const at = value.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return value.length - last.length >= from && value.endsWith(last);
}
