import { describe, expect, it } from 'vitest';
import { anItem, refusalOf } from './dynamodb-fixture.ts';

const bytes = (...values: number[]) => new Uint8Array(values);

describe('a condition', () => {
  const item = anItem({
    n: { N: '7' },
    s: { S: 'sensor-42' },
    b: { B: bytes(1, 2, 3) },
    yes: { BOOL: true },
    nothing: { NULL: true },
    tags: { SS: ['red', 'green'] },
    nums: { NS: ['1', '2.0'] },
    blobs: { BS: [bytes(9), bytes(8)] },
    elems: { L: [{ N: '1' }, { M: { deep: { S: 'x' } } }] },
    doc: { M: { a: { N: '1' }, 'a.b': { N: '2' } } },
  });

  it.each([
    ['n = :v', { ':v': { N: '7.00' } }],
    ['n <> :v', { ':v': { S: '7' } }],
    ['n < :v', { ':v': { N: '10' } }],
    ['n <= :v AND n >= :v', { ':v': { N: '7' } }],
    [':v > n', { ':v': { N: '8' } }],
    ['(n) = :v', { ':v': { N: '7' } }],
    ['n BETWEEN :l AND :h', { ':l': { N: '7' }, ':h': { N: '7' } }],
    ['n IN (:a, :b)', { ':a': { N: '1' }, ':b': { N: '7' } }],
    ['s BETWEEN :l AND :h AND n = :n', { ':l': { S: 'a' }, ':h': { S: 'z' }, ':n': { N: '7' } }],
    ['NOT n = :v', { ':v': { N: '8' } }],
    ['NOT (n = :v OR n = :w)', { ':v': { N: '8' }, ':w': { N: '9' } }],
    ['n = :x OR n = :v AND s = :s', { ':x': { N: '7' }, ':v': { N: '0' }, ':s': { S: '' } }],
    ['attribute_exists(doc.a)', undefined],
    ['attribute_not_exists(doc.z)', undefined],
    ['attribute_not_exists(absent) and attribute_exists(pk)', undefined],
    ['attribute_type(doc, :t)', { ':t': { S: 'M' } }],
    ['attribute_type(nothing, :t)', { ':t': { S: 'NULL' } }],
    ['begins_with(s, :p)', { ':p': { S: 'sensor' } }],
    ['begins_with(b, :p)', { ':p': { B: bytes(1, 2) } }],
    ['contains(s, :p)', { ':p': { S: 'or-4' } }],
    ['contains(b, :p)', { ':p': { B: bytes(2, 3) } }],
    ['contains(tags, :p)', { ':p': { S: 'green' } }],
    ['contains(nums, :p)', { ':p': { N: '2' } }],
    ['contains(blobs, :p)', { ':p': { B: bytes(8) } }],
    ['contains(elems, :p)', { ':p': { N: '1.0' } }],
    ['size(s) = :n', { ':n': { N: '9' } }],
    ['size(b) < :n', { ':n': { N: '4' } }],
    ['size(tags) = :n AND size(elems) = :n AND size(doc) = :n', { ':n': { N: '2' } }],
    ['elems[1].deep = :v', { ':v': { S: 'x' } }],
    ['tags = :v', { ':v': { SS: ['green', 'red'] } }],
    ['nums = :v', { ':v': { NS: ['2', '1'] } }],
    ['doc = :v', { ':v': { M: { 'a.b': { N: '2' }, a: { N: '1' } } } }],
    ['elems[0] = :v', { ':v': { N: '1' } }],
    ['yes = :v', { ':v': { BOOL: true } }],
    ['absent <> :v', { ':v': { N: '1' } }],
  ])('%s holds', (condition, values) => {
    expect(item.matches(condition, values)).toBe(true);
  });

  it.each([
    ['n = :v', { ':v': { S: '7' } }],
    ['n < :v', { ':v': { S: '9' } }],
    ['absent = :v', { ':v': { N: '1' } }],
    ['absent < :v', { ':v': { N: '1' } }],
    ['absent BETWEEN :v AND :v', { ':v': { N: '1' } }],
    ['begins_with(n, :p)', { ':p': { S: '7' } }],
    ['attribute_exists(elems[2])', undefined],
    ['attribute_exists(elems.deep)', undefined],
    ['attribute_exists(doc[0])', undefined],
    ['contains(doc, :p)', { ':p': { S: 'a' } }],
    ['size(n) = :n', { ':n': { N: '1' } }],
    ['tags = :v', { ':v': { SS: ['green'] } }],
    ['tags = :v', { ':v': { SS: ['green', 'red', 'blue'] } }],
    ['elems = :v', { ':v': { L: [{ N: '1' }] } }],
  ])('%s does not hold', (condition, values) => {
    expect(item.matches(condition, values)).toBe(false);
  });

  it('reads names with dots and reserved words through placeholders', () => {
    const names = { '#d': 'doc', '#ab': 'a.b' };
    expect(item.matches('#d.#ab = :v', { ':v': { N: '2' } }, names)).toBe(true);
  });

  it('orders strings by their UTF-8 bytes', () => {
    const supplementary = anItem({ s: { S: '\u{1F600}' } });
    expect(supplementary.matches('s > :v', { ':v': { S: '\uFFFD' } })).toBe(true);
  });

  it.each([
    ['', undefined, 'The expression can not be empty;'],
    ['n = ', undefined, 'Syntax error; token: "<EOF>", near: "="'],
    ['n == :v', undefined, 'Syntax error; token: "="'],
    ['n = :v garbage', { ':v': { N: '1' } }, 'Syntax error; token: "garbage"'],
    ['_n = :v', { ':v': { N: '1' } }, 'Syntax error; token: "_"'],
    ['(n = :v', { ':v': { N: '1' } }, 'Syntax error'],
    ['((n = :v))', { ':v': { N: '1' } }, 'The expression has redundant parentheses;'],
    ['count = :v', { ':v': { N: '1' } }, 'reserved keyword: count'],
    ['exists(n)', undefined, 'Invalid function name; function: exists'],
    ['attribute_exists(n, s)', undefined, 'number of operands: 2'],
    ['attribute_exists(:v)', { ':v': { N: '1' } }, 'requires a document path'],
    ['size(n)', undefined, 'not allowed to be used this way in an expression; function: size'],
    ['contains(s, n) = :v', { ':v': { BOOL: true } }, 'not allowed to be used this way'],
    [
      'begins_with(s, :v)',
      { ':v': { N: '1' } },
      'operator or function: begins_with, operand type: N',
    ],
    ['n < :v', { ':v': { BOOL: true } }, 'operator or function: <, operand type: BOOL'],
    ['attribute_type(n, :v)', { ':v': { S: 'X' } }, 'Invalid attribute type name found; type: X'],
    ['attribute_type(n, s)', undefined, 'operator or function: attribute_type'],
    [
      'n BETWEEN :h AND :l',
      { ':l': { N: '1' }, ':h': { N: '2' } },
      'requires upper bound to be greater than or equal to lower bound',
    ],
    ['n BETWEEN :l AND :h', { ':l': { N: '1' }, ':h': { S: '2' } }, 'requires same data type'],
    [
      'n = :w',
      { ':v': { N: '1' } },
      'attribute value used in expression is not defined; attribute value: :w',
    ],
    [
      '#n = :v',
      { ':v': { N: '1' } },
      'name used in the document path is not defined; attribute name: #n',
    ],
  ])('%j is refused', (condition, values, message) => {
    const refused = refusalOf(() => item.matches(condition, values));
    expect(refused).toMatchObject({ code: 'ValidationException', statusCode: 400 });
    expect(refused.message).toContain('Invalid ConditionExpression: ');
    expect(refused.message).toContain(message);
  });

  it('refuses placeholders that are given but not used', () => {
    const values = { ':v': { N: '7' }, ':w': { N: '1' } };
    expect(refusalOf(() => item.matches('n = :v', values)).message).toBe(
      'Value provided in ExpressionAttributeValues unused in expressions: keys: {:w}',
    );
    const names = { '#x': 'n' };
    expect(refusalOf(() => item.matches('n = :v', { ':v': { N: '7' } }, names)).message).toBe(
      'Value provided in ExpressionAttributeNames unused in expressions: keys: {#x}',
    );
    expect(refusalOf(() => item.matches('attribute_exists(n)', {})).message).toBe(
      'ExpressionAttributeValues must not be empty',
    );
    const Item = { pk: { S: 'a' } };
    const put = { TableName: 'rows', Item, ExpressionAttributeNames: { '#x': 'n' } };
    expect(refusalOf(() => item.call('PutItem', put)).message).toBe(
      'ExpressionAttributeNames can only be specified when using expressions',
    );
  });
});

describe('an update', () => {
  it('sets, adds up, appends and falls back, all from the item as it was', () => {
    const item = anItem({ n: { N: '1' }, elems: { L: [{ S: 'a' }] } });
    const after = item.updated(
      'SET n = n + :two, m = n, k = if_not_exists(k, :two) - :one, ' +
        'elems = list_append(elems, :tail), o = if_not_exists(n, :two)',
      { ':one': { N: '1' }, ':two': { N: '2' }, ':tail': { L: [{ S: 'b' }] } },
    );
    expect(after).toEqual({
      n: { N: '3' },
      m: { N: '1' },
      k: { N: '1' },
      o: { N: '1' },
      elems: { L: [{ S: 'a' }, { S: 'b' }] },
    });
  });

  it('reaches into documents, and appends beyond the end of a list', () => {
    const item = anItem({ doc: { M: { elems: { L: [{ N: '0' }, { N: '1' }] } } } });
    const after = item.updated(
      'SET doc.elems[9] = :v, doc.#n = :v REMOVE doc.elems[0]',
      { ':v': { N: '5' } },
      { '#n': 'new' },
    );
    expect(after).toEqual({
      doc: { M: { elems: { L: [{ N: '1' }, { N: '5' }] }, new: { N: '5' } } },
    });
  });

  it('removes list elements by their old indexes', () => {
    const item = anItem({ elems: { L: ['0', '1', '2', '3'].map((N) => ({ N })) } });
    expect(item.updated('REMOVE elems[0], elems[2], gone')).toEqual({
      elems: { L: [{ N: '1' }, { N: '3' }] },
    });
  });

  it('adds numbers exactly and joins sets', () => {
    const item = anItem({ n: { N: '0.1' }, tags: { SS: ['a'] }, blobs: { BS: [bytes(1)] } });
    const values = {
      ':n': { N: '0.2' },
      ':t': { SS: ['a', 'b'] },
      ':b': { BS: [bytes(2)] },
      ':f': { N: '1' },
    };
    expect(item.updated('ADD n :n, tags :t, blobs :b, fresh :f', values)).toEqual({
      n: { N: '0.3' },
      tags: { SS: ['a', 'b'] },
      blobs: { BS: [bytes(1), bytes(2)] },
      fresh: { N: '1' },
    });
  });

  it('deletes members, and the set with its last one', () => {
    const item = anItem({ tags: { SS: ['a', 'b'] }, nums: { NS: ['1'] }, n: { N: '1' } });
    const values = { ':t': { SS: ['b', 'x'] }, ':m': { NS: ['1.0'] } };
    expect(item.updated('DELETE tags :t, nums :m, gone :t', values)).toEqual({
      tags: { SS: ['a'] },
      n: { N: '1' },
    });
  });

  it('makes an item of its key when there is none', () => {
    const { call } = anItem({});
    const Key = { pk: { S: 'new' } };
    const input = {
      TableName: 'rows',
      Key,
      UpdateExpression: 'SET n = :v',
      ExpressionAttributeValues: { ':v': { N: '1' } },
    };
    call('UpdateItem', input);
    call('UpdateItem', { TableName: 'rows', Key: { pk: { S: 'bare' } } });
    expect(call('GetItem', { TableName: 'rows', Key })['Item']).toEqual({ ...Key, n: { N: '1' } });
    expect(call('GetItem', { TableName: 'rows', Key: { pk: { S: 'bare' } } })['Item']).toEqual({
      pk: { S: 'bare' },
    });
  });

  it.each([
    ['SET n = :v SET m = :v', 'section can only be used once'],
    ['SET n = :v, n = :v', 'Two document paths overlap'],
    ['SET doc = :v, doc.a = :v', 'Two document paths overlap'],
    ['SET doc.a = :v, doc[0] = :v', 'Two document paths conflict'],
    ['SET pk = :v', 'Cannot update attribute pk. This attribute is part of the key'],
    ['SET n = absent + :v', 'refers to an attribute that does not exist in the item'],
    ['SET n = s + :v', 'An operand in the update expression has an incorrect data type'],
    ['SET n = list_append(n, :v)', 'operator or function: list_append, operand type: N'],
    [
      'SET nowhere.a = :v',
      'The document path provided in the update expression is invalid for update',
    ],
    ['SET s[0] = :v', 'The document path provided in the update expression is invalid for update'],
    ['ADD s :v', 'An operand in the update expression has an incorrect data type'],
    ['DELETE n :v', 'operator: DELETE, operand type: NUMBER'],
    ['SET status = :v', 'reserved keyword: status'],
    ['SET n = size(:v)', 'Invalid function name; function: size'],
    ['CHANGE n = :v', 'Syntax error; token: "CHANGE"'],
  ])('%s is refused', (update, message) => {
    const item = anItem({ n: { N: '1' }, s: { S: 'x' }, doc: { M: { a: { N: '1' } } } });
    const before = item.stored();
    const refused = refusalOf(() => item.updated(update, { ':v': { N: '1' } }));
    expect(refused.code).toBe('ValidationException');
    expect(refused.message).toContain(message);
    expect(item.stored()).toEqual(before);
  });

  it('refuses sums of more than 38 digits', () => {
    const item = anItem({ n: { N: '1E20' } });
    expect(
      refusalOf(() => item.updated('SET n = n + :v', { ':v': { N: '1E-20' } })).message,
    ).toContain('38');
  });
});

describe('a projection', () => {
  const { call } = anItem({
    n: { N: '1' },
    elems: { L: [{ N: '0' }, { N: '1' }, { M: { x: { S: 'y' }, z: { S: 'w' } } }] },
    doc: { M: { a: { N: '1' }, b: { N: '2' } } },
  });
  const project = (ProjectionExpression: string, names?: object) =>
    call('GetItem', {
      TableName: 'rows',
      Key: { pk: { S: 'a' } },
      ProjectionExpression,
      ...(names === undefined ? {} : { ExpressionAttributeNames: names }),
    })['Item'];

  it('keeps the nesting and closes the ranks of lists', () => {
    expect(project('#n, doc.b, elems[2].x, elems[0], absent', { '#n': 'n' })).toEqual({
      n: { N: '1' },
      doc: { M: { b: { N: '2' } } },
      elems: { L: [{ N: '0' }, { M: { x: { S: 'y' } } }] },
    });
  });

  it('is empty for paths that lead nowhere', () => {
    expect(project('absent.a')).toEqual({});
  });

  it('refuses overlapping paths', () => {
    expect(refusalOf(() => project('doc, doc.a')).message).toContain('Two document paths overlap');
  });
});
