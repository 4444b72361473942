// Whether an item meets a condition. A path that leads nowhere has no value: it equals nothing and is
// in no order with anything, so that of the comparators only `<>` holds for it.

import type { Item, Value, ValueKind } from './attribute-value.ts';
import {
  bytesKey,
  compareValues,
  equalValues,
  memberKeys,
  renderValue,
} from './attribute-value.ts';
import type { Condition, ExpressionLabel, Operand } from './expression.ts';
import { validationError } from './refusals.ts';
import { resolvePath, type Scope, valueAt } from './scope.ts';

const KINDS: readonly ValueKind[] = ['B', 'NULL', 'SS', 'BOOL', 'L', 'BS', 'N', 'NS', 'S', 'M'];

/** Whether `item` meets `condition`; an absent item is an item without attributes. */
export function meets(condition: Condition, item: Item, scope: Scope): boolean {
  switch (condition.kind) {
    case 'or':
      return meets(condition.left, item, scope) || meets(condition.right, item, scope);
    case 'and':
      return meets(condition.left, item, scope) && meets(condition.right, item, scope);
    case 'not':
      return !meets(condition.inner, item, scope);
    case 'compare':
      return compares(condition, item, scope);
    case 'between': {
      const value = operandValue(condition.operand, item, scope);
      const fromLower = orderOf(value, operandValue(condition.lower, item, scope));
      const fromUpper = orderOf(value, operandValue(condition.upper, item, scope));
      return fromLower !== undefined && fromLower >= 0 && fromUpper !== undefined && fromUpper <= 0;
    }
    case 'in': {
      const value = operandValue(condition.operand, item, scope);
      return condition.choices.some((choice) => equals(value, operandValue(choice, item, scope)));
    }
    case 'call':
      return holds(condition, item, scope);
  }
}

/** Refuses operands whose type the operator or function never takes, before any item is looked at. */
export function checkOperandTypes(
  condition: Condition,
  scope: Scope,
  label: ExpressionLabel,
): void {
  switch (condition.kind) {
    case 'or':
    case 'and':
      checkOperandTypes(condition.left, scope, label);
      checkOperandTypes(condition.right, scope, label);
      return;
    case 'not':
      checkOperandTypes(condition.inner, scope, label);
      return;
    case 'compare': {
      const operands = [condition.left, condition.right];
      for (const operand of operands) checkSize(operand, scope, label);
      if (condition.comparator === '=' || condition.comparator === '<>') return;
      for (const operand of operands) requireKind(operand, condition.comparator, scope, label);
      return;
    }
    case 'between':
      checkBounds(condition.lower, condition.upper, scope, label);
      return;
    case 'in':
      return;
    case 'call':
      checkCall(condition, scope, label);
  }
}

type Call = Extract<Condition, { kind: 'call' }>;

function compares(
  { comparator, left, right }: Extract<Condition, { kind: 'compare' }>,
  item: Item,
  scope: Scope,
): boolean {
  const one = operandValue(left, item, scope);
  const other = operandValue(right, item, scope);
  if (comparator === '=') return equals(one, other);
  if (comparator === '<>') return !equals(one, other);
  const order = orderOf(one, other);
  if (order === undefined) return false;
  if (comparator === '<') return order < 0;
  if (comparator === '<=') return order <= 0;
  return comparator === '>' ? order > 0 : order >= 0;
}

function holds({ name, operands }: Call, item: Item, scope: Scope): boolean {
  const value = operandValue(operands[0]!, item, scope);
  if (name === 'attribute_exists') return value !== undefined;
  if (name === 'attribute_not_exists') return value === undefined;
  const other = operandValue(operands[1]!, item, scope);
  if (value === undefined || other === undefined) return false;
  if (name === 'attribute_type') return other.kind === 'S' && value.kind === other.text;
  return name === 'begins_with' ? begins(value, other) : contains(value, other);
}

function operandValue(operand: Operand, item: Item, scope: Scope): Value | undefined {
  if (operand.kind === 'value') return scope.values.get(operand.name);
  if (operand.kind === 'path') return valueAt(item, resolvePath(operand.path, scope));
  // The parser leaves `size` as the only function that has a value here.
  const size = sizeOf(operandValue(operand.operands[0]!, item, scope));
  return size === undefined ? undefined : { kind: 'N', text: String(size) };
}

function equals(one: Value | undefined, other: Value | undefined): boolean {
  return one !== undefined && other !== undefined && equalValues(one, other);
}

function orderOf(one: Value | undefined, other: Value | undefined): number | undefined {
  return one === undefined || other === undefined ? undefined : compareValues(one, other);
}

function begins(value: Value, prefix: Value): boolean {
  if (value.kind === 'S' && prefix.kind === 'S') return value.text.startsWith(prefix.text);
  if (value.kind !== 'B' || prefix.kind !== 'B') return false;
  return bytesKey(value.bytes).startsWith(bytesKey(prefix.bytes));
}

function contains(value: Value, sought: Value): boolean {
  switch (value.kind) {
    case 'S':
      return sought.kind === 'S' && value.text.includes(sought.text);
    case 'B':
      return sought.kind === 'B' && bytesKey(value.bytes).includes(bytesKey(sought.bytes));
    case 'SS':
      return sought.kind === 'S' && value.members.includes(sought.text);
    case 'NS':
      return sought.kind === 'N' && value.members.includes(sought.text);
    case 'BS':
      return sought.kind === 'B' && memberKeys(value).includes(bytesKey(sought.bytes));
    case 'L':
      return value.elements.some((element) => equalValues(element, sought));
    default:
      return false;
  }
}

function sizeOf(value: Value | undefined): number | undefined {
  switch (value?.kind) {
    case 'S':
      return value.text.length;
    case 'B':
      return value.bytes.byteLength;
    case 'SS':
    case 'NS':
    case 'BS':
      return value.members.length;
    case 'L':
      return value.elements.length;
    case 'M':
      return value.entries.size;
    default:
      return undefined;
  }
}

function checkCall({ name, operands }: Call, scope: Scope, label: ExpressionLabel): void {
  if (name === 'begins_with') {
    for (const operand of operands) {
      const kind = literalKind(operand, scope);
      if (kind !== undefined && kind !== 'S' && kind !== 'B') {
        throw wrongKind(label, name, kind);
      }
    }
  }
  if (name !== 'attribute_type') return;
  const type = operands[1]!.kind === 'value' ? scope.values.get(operands[1]!.name) : undefined;
  if (type?.kind !== 'S') {
    throw wrongKind(label, name, type?.kind ?? '{NS,SS,L,BS,N,M,B,BOOL,NULL,S}');
  }
  if (!(KINDS as readonly string[]).includes(type.text)) {
    throw validationError(
      `Invalid ${label}: Invalid attribute type name found; type: ${type.text}, ` +
        `valid types: {${KINDS.join(',')}}`,
    );
  }
}

function requireKind(
  operand: Operand,
  operator: string,
  scope: Scope,
  label: ExpressionLabel,
): void {
  const kind = literalKind(operand, scope);
  if (kind === undefined || kind === 'S' || kind === 'N' || kind === 'B') return;
  throw wrongKind(label, operator, kind);
}

function checkSize(operand: Operand, scope: Scope, label: ExpressionLabel): void {
  if (operand.kind !== 'call') return;
  const kind = literalKind(operand.operands[0]!, scope);
  if (kind === 'N' || kind === 'BOOL' || kind === 'NULL') throw wrongKind(label, 'size', kind);
}

function checkBounds(lower: Operand, upper: Operand, scope: Scope, label: ExpressionLabel): void {
  const one = lower.kind === 'value' ? scope.values.get(lower.name) : undefined;
  const other = upper.kind === 'value' ? scope.values.get(upper.name) : undefined;
  if (one === undefined || other === undefined) return;
  const bounds = `lower bound operand: ${shown(one)}, upper bound operand: ${shown(other)}`;
  if (one.kind !== other.kind) {
    throw validationError(
      `Invalid ${label}: The BETWEEN operator requires same data type for lower and upper bounds; ${bounds}`,
    );
  }
  requireKind(lower, 'BETWEEN', scope, label);
  if (compareValues(one, other)! <= 0) return;
  throw validationError(
    `Invalid ${label}: The BETWEEN operator requires upper bound to be greater than or equal to lower bound; ${bounds}`,
  );
}

function literalKind(operand: Operand, scope: Scope): ValueKind | undefined {
  return operand.kind === 'value' ? scope.values.get(operand.name)?.kind : undefined;
}

function wrongKind(label: ExpressionLabel, operator: string, kind: string): Error {
  return validationError(
    `Invalid ${label}: Incorrect operand type for operator or function; ` +
      `operator or function: ${operator}, operand type: ${kind}`,
  );
}

function shown(value: Value): string {
  const [kind, content] = Object.entries(renderValue(value))[0]!;
  return `AttributeValue: {${kind}:${String(content)}}`;
}
