// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how CloudFormation writes Fn::Sub

import { describe, expect, it } from 'vitest';
import { ServiceError } from '../../../lib/cloud/service.ts';
import { resolve } from '../../../localstack/embedded/cloudformation/intrinsics.ts';
import { planOrder } from '../../../localstack/embedded/cloudformation/order.ts';
import { inventName } from '../../../localstack/embedded/cloudformation/physical-name.ts';
import { createScope } from '../../../localstack/embedded/cloudformation/scope.ts';
import type { Json, Template } from '../../../localstack/embedded/cloudformation/template.ts';

const template: Template = {
  Parameters: {
    Shards: { Type: 'Number', Default: '4' },
    Zones: { Type: 'CommaDelimitedList', Default: 'a,b' },
    Required: { Type: 'String' },
  },
  Mappings: { Sizes: { small: { shards: 1 } } },
  Conditions: {
    Yes: { 'Fn::Equals': [{ Ref: 'Shards' }, 4] },
    No: { 'Fn::Not': [{ Condition: 'Yes' }] },
    Both: { 'Fn::And': [{ Condition: 'Yes' }, { Condition: 'No' }] },
    Either: { 'Fn::Or': [{ Condition: 'Yes' }, { Condition: 'No' }] },
  },
  Resources: {},
};
const scope = createScope({
  stackId: 'arn:aws:cloudformation:us-east-1:000000000000:stack/Stack/1',
  stackName: 'Stack',
  template,
  blueprint: {
    parameters: { Shards: { value: '4' }, Zones: { value: 'a,b' } },
    notificationArns: [],
  },
  outputOf: (stack, output) => (stack === 'Other' && output === 'Out' ? 'its output' : undefined),
  parameterOf: () => undefined,
  exports: (name) => (name === 'shared' ? 'from another stack' : undefined),
  place: { region: 'us-east-1', accountId: '000000000000' },
  resources: new Map([
    [
      'Stream',
      {
        type: 'AWS::Kinesis::Stream',
        physicalId: 'stream-1',
        attributes: { Arn: 'arn:stream-1' },
        properties: {},
        deletionPolicy: 'Delete',
        updateReplacePolicy: 'Delete',
        operationId: 'first',
        status: 'CREATE_COMPLETE',
        changedAtMs: 0,
      },
    ],
  ]),
});

describe("CloudFormation's functions", () => {
  it.each<[string, Json, unknown]>([
    ['Ref of a resource', { Ref: 'Stream' }, 'stream-1'],
    ['Ref of a number', { Ref: 'Shards' }, 4],
    ['Ref of a list', { Ref: 'Zones' }, ['a', 'b']],
    ['a pseudo parameter', { Ref: 'AWS::Partition' }, 'aws'],
    ['GetAtt as a list', { 'Fn::GetAtt': ['Stream', 'Arn'] }, 'arn:stream-1'],
    ['GetAtt as text', { 'Fn::GetAtt': 'Stream.Arn' }, 'arn:stream-1'],
    ['Join', { 'Fn::Join': ['-', ['a', { Ref: 'Stream' }, 7]] }, 'a-stream-1-7'],
    [
      'Sub',
      { 'Fn::Sub': '${Stream}/${Stream.Arn}/${!Literal}' },
      'stream-1/arn:stream-1/${Literal}',
    ],
    [
      'Sub with names of its own',
      { 'Fn::Sub': ['${x}${Stream}', { x: { Ref: 'Shards' } }] },
      '4stream-1',
    ],
    [
      'Select and Split',
      { 'Fn::Select': [1, { 'Fn::Split': [':', { 'Fn::GetAtt': 'Stream.Arn' }] }] },
      'stream-1',
    ],
    ['Contains', { 'Fn::Contains': [['1', '2'], { Ref: 'Shards' }] }, false],
    ['ImportValue', { 'Fn::ImportValue': { 'Fn::Sub': 'shared' } }, 'from another stack'],
    [
      'GetStackOutput',
      { 'Fn::GetStackOutput': { StackName: 'Other', OutputName: 'Out' } },
      'its output',
    ],
    ['Length', { 'Fn::Length': { Ref: 'Zones' } }, 2],
    ['ToJsonString', { 'Fn::ToJsonString': { a: { Ref: 'Shards' } } }, '{"a":4}'],
    ['Base64', { 'Fn::Base64': 'hi' }, 'aGk='],
    ['FindInMap', { 'Fn::FindInMap': ['Sizes', 'small', 'shards'] }, 1],
    [
      'FindInMap with a default',
      { 'Fn::FindInMap': ['Sizes', 'large', 'shards', { DefaultValue: { Ref: 'Shards' } }] },
      4,
    ],
    ['If', [{ 'Fn::If': ['Yes', 1, 2] }, { 'Fn::If': ['No', 1, 2] }], [1, 2]],
    ['And and Or', [{ 'Fn::If': ['Both', 1, 2] }, { 'Fn::If': ['Either', 1, 2] }], [2, 1]],
    [
      'NoValue',
      { a: { Ref: 'AWS::NoValue' }, b: [{ 'Fn::If': ['No', 1, { Ref: 'AWS::NoValue' }] }] },
      { b: [] },
    ],
    [
      "a policy's own Condition",
      { Condition: { Bool: { Ref: 'Shards' } } },
      { Condition: { Bool: 4 } },
    ],
  ])('%s', (_name, value, expected) => {
    expect(resolve(value, scope)).toEqual(expected);
  });

  it.each<[string, Json, RegExp]>([
    ['an unknown function', { 'Fn::Transform': {} }, /Fn::Transform/],
    ['a resource that is not there', { Ref: 'Nothing' }, /Nothing/],
    ['an attribute that is not there', { 'Fn::GetAtt': ['Stream', 'Colour'] }, /Stream\.Colour/],
    ['a condition that is not there', { 'Fn::If': ['Maybe', 1, 2] }, /Maybe/],
    ['a parameter without a value', { Ref: 'Required' }, /Required/],
    [
      'an output that is not there',
      { 'Fn::GetStackOutput': { StackName: 'Other', OutputName: 'No' } },
      /Stack Other has no output No/,
    ],
    ['an export that is not there', { 'Fn::ImportValue': 'none' }, /No export named none/],
    ['an element that is not there', { 'Fn::Select': [9, ['a']] }, /9/],
    ['an entry that a map lacks', { 'Fn::FindInMap': ['Sizes', 'large', 'shards'] }, /large/],
    ['a list where text belongs', { 'Fn::Join': ['', [['a']]] }, /Fn::Join needs text/],
  ])('%s is refused in a sentence', (_name, value, sentence) => {
    expect(() => resolve(value, scope)).toThrowError(ServiceError);
    expect(() => resolve(value, scope)).toThrowError(sentence);
  });
});

describe('the order of resources', () => {
  it('puts each after what it mentions, in whatever way', () => {
    const order = planOrder({
      Last: { Type: 'x', Properties: { a: { 'Fn::Sub': '${Middle.Arn} ${AWS::Region}' } } },
      Middle: { Type: 'x', Properties: { a: [{ 'Fn::GetAtt': ['First', 'Arn'] }] } },
      First: { Type: 'x', DependsOn: ['Before'] },
      Before: { Type: 'x' },
    });
    expect(order).toEqual(['Before', 'First', 'Middle', 'Last']);
  });

  it('a circle is refused with its members', () => {
    const circle = {
      A: { Type: 'x', Properties: { b: { Ref: 'B' } } },
      B: { Type: 'x', DependsOn: 'A' },
    };
    expect(() => planOrder(circle)).toThrowError(/A → B → A/);
  });
});

describe('names', () => {
  const wanted = { stackName: 'Stack', logicalId: 'Stream', lengthMax: 128, lowerCase: false };

  it('begin with stack and logical id, and are never the same again', () => {
    expect(inventName(wanted)).toMatch(/^Stack-Stream-[A-Z0-9]{12}$/);
    expect(inventName(wanted)).not.toBe(inventName(wanted));
  });

  it.each([
    [63, true],
    [64, false],
  ])('fit into %d characters', (lengthMax, lowerCase) => {
    for (const stackName of ['S', 'Stack'.repeat(20)]) {
      for (const logicalId of ['L', 'Logical'.repeat(30)]) {
        const name = inventName({ stackName, logicalId, lengthMax, lowerCase });
        expect(name.length).toBeLessThanOrEqual(lengthMax);
        expect(name).toMatch(lowerCase ? /^[a-z][a-z0-9-]+$/ : /^[A-Za-z][A-Za-z0-9-]+$/);
      }
    }
  });
});
