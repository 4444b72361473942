// The three grammars: conditions (also filters and key conditions), updates and projections.

import type {
  Comparator,
  Condition,
  ExpressionLabel,
  Operand,
  Parsed,
  Path,
  SetValue,
  UpdateAction,
} from './expression.ts';
import { ExpressionReader } from './expression-reader.ts';

const CONDITION_FUNCTIONS: Readonly<Record<string, number>> = {
  attribute_exists: 1,
  attribute_not_exists: 1,
  attribute_type: 2,
  begins_with: 2,
  contains: 2,
  size: 1,
};
const UPDATE_FUNCTIONS: Readonly<Record<string, number>> = { if_not_exists: 2, list_append: 2 };
const COMPARATORS: ReadonlySet<string> = new Set(['=', '<>', '<', '<=', '>', '>=']);

/** Reads the text of a condition, filter or key condition. */
export function parseCondition(label: ExpressionLabel, text: string): Parsed<Condition> {
  const reader = new ExpressionReader(label, text);
  return reader.finish(disjunction(reader));
}

/** Reads an update expression: the actions of its sections in the order of the text. */
export function parseUpdate(text: string): Parsed<readonly UpdateAction[]> {
  const reader = new ExpressionReader('UpdateExpression', text);
  const actions: UpdateAction[] = [];
  const seen = new Set<string>();
  while (reader.peek() !== '') {
    const section = reader.peek().toUpperCase();
    const action = updateSection(reader, section);
    if (action === undefined) throw reader.syntaxError();
    if (seen.has(section)) {
      throw reader.refusal(
        `The "${section}" section can only be used once in an update expression;`,
      );
    }
    seen.add(section);
    reader.take();
    actions.push(...reader.list(action));
  }
  return reader.finish(actions);
}

/** Reads a projection: the paths that are wanted. */
export function parseProjection(text: string): Parsed<readonly Path[]> {
  const reader = new ExpressionReader('ProjectionExpression', text);
  return reader.finish(reader.list(() => reader.path()));
}

function disjunction(reader: ExpressionReader): Condition {
  let left = conjunction(reader);
  while (reader.accept('OR')) left = { kind: 'or', left, right: conjunction(reader) };
  return left;
}

function conjunction(reader: ExpressionReader): Condition {
  let left = negation(reader);
  while (reader.accept('AND')) left = { kind: 'and', left, right: negation(reader) };
  return left;
}

function negation(reader: ExpressionReader): Condition {
  if (reader.accept('NOT')) return { kind: 'not', inner: negation(reader) };
  if (reader.peek() !== '(') return predicate(reader);
  const next = reader.peek(afterParenthesis(reader, 0));
  return continuesOperand(next) ? predicate(reader) : parenthesised(reader);
}

function parenthesised(reader: ExpressionReader): Condition {
  if (reader.peek(1) === '(' && reader.peek(afterParenthesis(reader, 1)) === ')') {
    throw reader.refusal('The expression has redundant parentheses;');
  }
  reader.expect('(');
  const inner = disjunction(reader);
  reader.expect(')');
  return inner;
}

// How far ahead the token is that follows the parenthesis opened `ahead` of the reader.
function afterParenthesis(reader: ExpressionReader, ahead: number): number {
  let depth = 0;
  for (let at = ahead; reader.peek(at) !== ''; at += 1) {
    if (reader.peek(at) === '(') depth += 1;
    if (reader.peek(at) === ')') depth -= 1;
    if (depth === 0) return at + 1;
  }
  throw reader.syntaxError();
}

// A parenthesis may also wrap an operand only, as in `(a) = :v`.
function continuesOperand(token: string): boolean {
  return COMPARATORS.has(token) || ['BETWEEN', 'IN'].includes(token.toUpperCase());
}

function predicate(reader: ExpressionReader): Condition {
  const operand = conditionOperand(reader);
  if (COMPARATORS.has(reader.peek())) {
    const comparator = reader.take() as Comparator;
    const right = valued(reader, conditionOperand(reader));
    return { kind: 'compare', comparator, left: valued(reader, operand), right };
  }
  if (reader.accept('BETWEEN')) {
    const lower = valued(reader, conditionOperand(reader));
    reader.expect('AND');
    const upper = valued(reader, conditionOperand(reader));
    return { kind: 'between', operand: valued(reader, operand), lower, upper };
  }
  if (reader.accept('IN')) {
    reader.expect('(');
    const choices = reader.list(() => valued(reader, conditionOperand(reader)));
    reader.expect(')');
    return { kind: 'in', operand: valued(reader, operand), choices };
  }
  if (operand.kind !== 'call') throw reader.syntaxError();
  if (operand.name === 'size') throw misused(reader, operand.name);
  return operand;
}

function conditionOperand(reader: ExpressionReader): Operand {
  const operand = reader.operand();
  checkCall(reader, operand, CONDITION_FUNCTIONS);
  return operand;
}

// Only `size` has a value that can be compared; the other functions are conditions themselves.
function valued(reader: ExpressionReader, operand: Operand): Operand {
  if (operand.kind === 'call' && operand.name !== 'size') throw misused(reader, operand.name);
  return operand;
}

function misused(reader: ExpressionReader, name: string): Error {
  return reader.refusal(
    `The function is not allowed to be used this way in an expression; function: ${name}`,
  );
}

function checkCall(
  reader: ExpressionReader,
  operand: Operand,
  functions: Readonly<Record<string, number>>,
): void {
  if (operand.kind !== 'call') return;
  const { name, operands } = operand;
  if (!Object.hasOwn(functions, name)) {
    throw reader.refusal(`Invalid function name; function: ${name}`);
  }
  if (operands.length !== functions[name]) {
    throw reader.refusal(
      'Incorrect number of operands for operator or function; ' +
        `operator or function: ${name}, number of operands: ${operands.length}`,
    );
  }
  for (const inner of operands) checkCall(reader, inner, functions);
  if (name.includes('_exists') && operands[0]?.kind !== 'path') {
    throw reader.refusal(
      `Operator or function requires a document path; operator or function: ${name}`,
    );
  }
  if (functions === CONDITION_FUNCTIONS) for (const inner of operands) valued(reader, inner);
}

function updateSection(
  reader: ExpressionReader,
  section: string,
): (() => UpdateAction) | undefined {
  switch (section) {
    case 'SET':
      return () => {
        const path = reader.path();
        reader.expect('=');
        return { kind: 'set', path, value: setValue(reader) };
      };
    case 'REMOVE':
      return () => ({ kind: 'remove', path: reader.path() });
    case 'ADD':
      return () => ({ kind: 'add', path: reader.path(), value: reader.value() });
    case 'DELETE':
      return () => ({ kind: 'delete', path: reader.path(), value: reader.value() });
    default:
      return undefined;
  }
}

function setValue(reader: ExpressionReader): SetValue {
  const left = updateOperand(reader);
  if (reader.accept('+')) return { kind: 'sum', left, right: updateOperand(reader) };
  if (reader.accept('-')) return { kind: 'difference', left, right: updateOperand(reader) };
  return left;
}

function updateOperand(reader: ExpressionReader): Operand {
  const operand = reader.operand();
  checkCall(reader, operand, UPDATE_FUNCTIONS);
  return operand;
}
