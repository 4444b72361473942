// The part of one partition that a key condition selects: an equality of the partition key and at most
// one condition on the sort key.

import type { Bound, KeyRange } from '../sorted-map.ts';
import { afterPrefix } from '../utf8-order.ts';
import type { Value } from './attribute-value.ts';
import type { Condition, Operand, Parsed } from './expression.ts';
import { type KeyAttribute, type KeySchema, partitionPrefix, sortSuffix } from './item-key.ts';
import { parameterError, validationError } from './refusals.ts';
import { resolvePath, type Scope } from './scope.ts';

/** One condition on one key attribute. */
interface KeyTerm {
  readonly name: string;
  readonly operator: '=' | '<' | '<=' | '>' | '>=' | 'BETWEEN' | 'begins_with';
  readonly values: readonly Value[];
}

/** The places that the key condition selects. */
export function rangeOf({ tree }: Parsed<Condition>, schema: KeySchema, scope: Scope): KeyRange {
  const terms = termsOf(tree, scope);
  const names = terms.map(({ name }) => name);
  if (new Set(names).size < names.length) {
    throw validationError(
      'Invalid KeyConditionExpression: KeyConditionExpressions must only contain one condition per key',
    );
  }
  const partition = terms.find(({ name }) => name === schema.partition.name);
  if (partition === undefined) throw missing(schema.partition.name);
  if (partition.operator !== '=') throw validationError('Query key condition not supported');
  requireType(schema.partition, partition);
  const prefix = partitionPrefix(schema.partition, partition.values[0]!);
  const [sort, more] = terms.filter((term) => term !== partition);
  if (sort === undefined) return prefixRange(prefix);
  if (schema.sort === undefined || more !== undefined) {
    throw validationError('Query key condition not supported');
  }
  if (sort.name !== schema.sort.name) throw missing(schema.sort.name);
  requireType(schema.sort, sort);
  return sortRange(prefix, schema.sort, sort);
}

function sortRange(prefix: string, attribute: KeyAttribute, term: KeyTerm): KeyRange {
  const whole = prefixRange(prefix);
  const [first, last] = term.values.map((value) => prefix + sortSuffix(attribute, value));
  const at = (key: string, inclusive: boolean): Bound => ({ key, inclusive });
  switch (term.operator) {
    case '=':
      return { lower: at(first!, true), upper: at(first!, true) };
    case '<':
      return { lower: whole.lower, upper: at(first!, false) };
    case '<=':
      return { lower: whole.lower, upper: at(first!, true) };
    case '>':
      return { lower: at(first!, false), upper: whole.upper };
    case '>=':
      return { lower: at(first!, true), upper: whole.upper };
    case 'BETWEEN':
      return { lower: at(first!, true), upper: at(last!, true) };
    case 'begins_with':
      return prefixRange(first!);
  }
}

function prefixRange(prefix: string): KeyRange {
  const end = afterPrefix(prefix);
  return {
    lower: { key: prefix, inclusive: true },
    upper: end === undefined ? undefined : { key: end, inclusive: false },
  };
}

function termsOf(condition: Condition, scope: Scope): readonly KeyTerm[] {
  switch (condition.kind) {
    case 'and':
      return [...termsOf(condition.left, scope), ...termsOf(condition.right, scope)];
    case 'compare':
      if (condition.comparator === '<>') throw invalidOperator('<>');
      return [term(condition.comparator, condition.left, [condition.right], scope)];
    case 'between':
      return [term('BETWEEN', condition.operand, [condition.lower, condition.upper], scope)];
    case 'call': {
      const [path, value] = condition.operands;
      if (condition.name !== 'begins_with') throw invalidOperator(condition.name);
      return [term('begins_with', path!, [value!], scope)];
    }
    default:
      throw invalidOperator(condition.kind.toUpperCase());
  }
}

function term(
  operator: KeyTerm['operator'],
  subject: Operand,
  operands: readonly Operand[],
  scope: Scope,
): KeyTerm {
  const path = subject.kind === 'path' ? resolvePath(subject.path, scope) : [];
  const values = operands.flatMap((operand) =>
    operand.kind === 'value' ? [scope.values.get(operand.name)!] : [],
  );
  if (path.length !== 1 || values.length < operands.length) {
    throw validationError('Query key condition not supported');
  }
  return { name: path[0] as string, operator, values };
}

function requireType({ type }: KeyAttribute, { values }: KeyTerm): void {
  if (values.every(({ kind }) => kind === type)) return;
  throw parameterError('Condition parameter type does not match schema type');
}

function missing(name: string): Error {
  return validationError(`Query condition missed key schema element: ${name}`);
}

function invalidOperator(operator: string): Error {
  return validationError(
    `Invalid KeyConditionExpression: Invalid operator used in KeyConditionExpression: ${operator}`,
  );
}
