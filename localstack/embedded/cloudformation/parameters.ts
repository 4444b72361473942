// Values of a template's parameters: what was given, what was there before, or the default, checked as
// the template demands ("Parameters" in the template reference).

import type { ServiceError } from '../../../lib/cloud/service.ts';
import { validationError } from './refusals.ts';
import type { ParameterValue } from './stack.ts';
import type { Json, Template, TemplateParameter } from './template.ts';

/** One parameter of a request. */
export interface GivenParameter {
  readonly ParameterKey?: string;
  readonly ParameterValue?: string;
  readonly UsePreviousValue?: boolean;
}

type Values = Readonly<Record<string, ParameterValue>>;

const SSM_TYPE = /^AWS::SSM::Parameter::Value<(.+)>$/;

/** What a parameter marked NoEcho shows of its value. */
export const UNSPOKEN = '****';

/**
 * Decides the value of every parameter.
 *
 * @param lookUp the value of an SSM parameter, undefined when there is none
 * @throws ServiceError `ValidationError`
 */
export function decideParameters(options: {
  readonly template: Template;
  readonly given: readonly GivenParameter[];
  readonly previous: Values | undefined;
  readonly lookUp: (name: string) => string | undefined;
}): Values {
  const { template, given, previous, lookUp } = options;
  const declared = template.Parameters ?? {};
  const byKey = new Map(given.map((one) => [one.ParameterKey ?? '', one]));
  refuseAll(
    'do not exist in the template',
    [...byKey.keys()].filter((key) => !(key in declared)),
  );
  const values: Record<string, ParameterValue> = {};
  const missing: string[] = [];
  for (const [name, parameter] of Object.entries(declared)) {
    const asked = byKey.get(name);
    const value = asked?.UsePreviousValue
      ? previous?.[name]?.value
      : (asked?.ParameterValue ?? textOf(parameter.Default));
    if (value === undefined) missing.push(name);
    else {
      assertAllowed(name, parameter, value);
      values[name] = SSM_TYPE.test(parameter.Type)
        ? { value, resolved: lookedUp(value, lookUp) }
        : { value };
    }
  }
  refuseAll('must have values', missing);
  return values;
}

/** What `Ref` gives for a parameter. */
export function referenceTo({ Type }: TemplateParameter, given: ParameterValue): Json {
  const value = given.resolved ?? given.value;
  const type = SSM_TYPE.exec(Type)?.[1] ?? Type;
  if (type === 'Number') return Number(value);
  return isList(type) ? value.split(',').map((item) => item.trim()) : value;
}

/** Whether its value must not be shown. */
export function isUnspoken({ NoEcho }: TemplateParameter): boolean {
  return NoEcho === true || NoEcho === 'true';
}

/** The refusal of a parameter that SSM does not have. */
export function parameterNotFound(name: string): ServiceError {
  return validationError(
    `Unable to fetch parameters [${name}] from parameter store for this account.`,
  );
}

function isList(type: string): boolean {
  return type === 'CommaDelimitedList' || type.startsWith('List<');
}

function lookedUp(name: string, lookUp: (name: string) => string | undefined): string {
  const value = lookUp(name);
  if (value !== undefined) return value;
  throw parameterNotFound(name);
}

function assertAllowed(name: string, parameter: TemplateParameter, value: string): void {
  const { Type, AllowedValues, AllowedPattern, ConstraintDescription } = parameter;
  const refuse = (sentence: string) =>
    validationError(
      ConstraintDescription === undefined
        ? sentence
        : `Parameter ${name} failed to satisfy constraint: ${ConstraintDescription}`,
    );
  for (const item of isList(Type) ? value.split(',') : [value]) {
    const isNumber = Type === 'Number' || Type === 'List<Number>';
    if (isNumber && (item.trim() === '' || Number.isNaN(Number(item)))) {
      throw refuse(`Parameter '${name}' must be a number.`);
    }
    if (AllowedValues !== undefined && !AllowedValues.map(String).includes(item)) {
      throw refuse(`Parameter '${name}' must be one of AllowedValues`);
    }
    // The pattern has to match the whole value.
    if (AllowedPattern !== undefined && !patternOf(name, AllowedPattern).test(item)) {
      throw refuse(`Parameter '${name}' must match pattern ${AllowedPattern}`);
    }
    assertBounds(name, parameter, { value: item, isNumber, refuse });
  }
}

function patternOf(name: string, pattern: string): RegExp {
  try {
    return new RegExp(`^(?:${pattern})$`);
  } catch {
    throw validationError(`Parameter '${name}' has an AllowedPattern that is none: ${pattern}`);
  }
}

function assertBounds(
  name: string,
  parameter: TemplateParameter,
  checked: {
    readonly value: string;
    readonly isNumber: boolean;
    readonly refuse: (sentence: string) => Error;
  },
): void {
  const { value, isNumber, refuse } = checked;
  const {
    MinLength = 0,
    MaxLength = Infinity,
    MinValue = -Infinity,
    MaxValue = Infinity,
  } = parameter;
  if (value.length < Number(MinLength)) {
    throw refuse(`Parameter '${name}' must contain at least ${MinLength} characters`);
  }
  if (value.length > Number(MaxLength)) {
    throw refuse(`Parameter '${name}' must contain at most ${MaxLength} characters`);
  }
  if (!isNumber) return;
  if (Number(value) < Number(MinValue)) {
    throw refuse(`Parameter '${name}' must be a number not less than ${MinValue}`);
  }
  if (Number(value) > Number(MaxValue)) {
    throw refuse(`Parameter '${name}' must be a number not greater than ${MaxValue}`);
  }
}

function refuseAll(what: string, names: readonly string[]): void {
  if (names.length > 0) throw validationError(`Parameters: [${names.join(', ')}] ${what}`);
}

function textOf(value: string | number | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}
