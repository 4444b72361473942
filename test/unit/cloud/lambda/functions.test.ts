import { describe, expect, test } from 'vitest';
import { createTask, driveLambda, driveMapping, FAILED, FUNCTION_ARN, ROLE_ARN } from './driver.ts';

const FunctionName = 'task';
const code = (text: string) => ({ FunctionName, ZipFile: Buffer.from(text) });

function driveTask() {
  const driver = driveLambda();
  createTask(driver);
  const publish = () =>
    driver.call<{ Version: string; FunctionArn: string }>('PublishVersion', { FunctionName });
  return { ...driver, publish };
}

describe('a function', () => {
  test('is shown with its settings and the documented defaults', () => {
    const driver = driveTask();
    expect(driver.call('GetFunctionConfiguration', { FunctionName })).toMatchObject({
      FunctionName,
      FunctionArn: FUNCTION_ARN,
      Role: ROLE_ARN,
      Version: '$LATEST',
      Timeout: 3,
      MemorySize: 128,
      LastModified: '2024-01-01T00:00:00.000+0000',
      State: 'Active',
    });
    expect(driver.call('ListFunctions', {})).toMatchObject({ Functions: [{ FunctionName }] });
  });

  test('is found by name, by ARN and by partial ARN', () => {
    const driver = driveTask();
    for (const name of [FunctionName, FUNCTION_ARN, `000000000000:function:${FunctionName}`]) {
      expect(driver.lambda.target(name).functionName).toBe(FunctionName);
    }
    expect(driver.refusal('GetFunction', { FunctionName: 'other' })).toBe(
      'ResourceNotFoundException',
    );
    expect(driver.refusal('GetFunction', { FunctionName: 'a b' })).toBe(
      'InvalidParameterValueException',
    );
    expect(
      driver.refusal('GetFunction', { FunctionName: `${FUNCTION_ARN}:1`, Qualifier: '2' }),
    ).toBe('InvalidParameterValueException');
  });

  test('exists once', () => {
    const driver = driveTask();
    const input = { FunctionName, Role: ROLE_ARN, Code: { ZipFile: Buffer.from('x') } };
    expect(driver.refusal('CreateFunction', input)).toBe('ResourceConflictException');
  });

  test('keeps what an update of its settings leaves out', () => {
    const driver = driveTask();
    const Environment = { Variables: { A: '1' } };
    driver.call('UpdateFunctionConfiguration', { FunctionName, Timeout: 60, Environment });
    driver.call('UpdateFunctionConfiguration', { FunctionName, MemorySize: 512 });
    expect(driver.lambda.target(FunctionName)).toMatchObject({
      timeoutSeconds: 60,
      memoryMb: 512,
      environment: { A: '1' },
    });
    expect(driver.refusal('UpdateFunctionConfiguration', { FunctionName, Timeout: 901 })).toBe(
      'InvalidParameterValueException',
    );
  });

  test('may have its code in a bucket, and needs some code', () => {
    const driver = driveLambda();
    const input = { FunctionName, Role: ROLE_ARN };
    expect(driver.refusal('CreateFunction', { ...input, Code: {} })).toBe(
      'InvalidParameterValueException',
    );
    const Code = { S3Bucket: 'assets', S3Key: 'abc.zip' };
    driver.call('CreateFunction', { ...input, Code });
    expect(driver.call('GetFunction', { FunctionName })).toMatchObject({
      Code: { Location: 's3://assets/abc.zip' },
    });
  });
});

describe('versions', () => {
  test('rise with each publication that differs from the last', () => {
    const driver = driveTask();
    expect(driver.publish()).toMatchObject({ Version: '1', FunctionArn: `${FUNCTION_ARN}:1` });
    expect(driver.publish().Version).toBe('1');
    driver.call('UpdateFunctionCode', code('code 2'));
    expect(driver.publish().Version).toBe('2');
    driver.call('UpdateFunctionConfiguration', { FunctionName, Timeout: 10 });
    expect(driver.publish().Version).toBe('3');
  });

  test('rise with a roll-back too', () => {
    const driver = driveTask();
    driver.publish();
    driver.call('UpdateFunctionCode', code('code 2'));
    driver.publish();
    driver.call('UpdateFunctionCode', code('code 1'));
    expect(driver.publish().Version).toBe('3');
  });

  test('are never given twice, also after they or their function were deleted', () => {
    const driver = driveTask();
    driver.publish();
    driver.call('DeleteFunction', { FunctionName, Qualifier: '1' });
    expect(driver.publish().Version).toBe('2');
    driver.call('DeleteFunction', { FunctionName });
    createTask(driver);
    expect(driver.publish().Version).toBe('3');
  });

  test('do not change when the function does', () => {
    const driver = driveTask();
    driver.publish();
    const before = driver.lambda.target(FunctionName, '1');
    driver.call('UpdateFunctionCode', code('code 2'));
    expect(driver.lambda.target(FunctionName, '1')).toEqual(before);
    expect(driver.lambda.target(FunctionName).codeSha256).not.toBe(before.codeSha256);
    const { Versions } = driver.call<{ Versions: { Version: string }[] }>(
      'ListVersionsByFunction',
      { FunctionName },
    );
    expect(Versions.map(({ Version }) => Version)).toEqual(['$LATEST', '1']);
  });

  test('are published only for the code that was meant', () => {
    const driver = driveTask();
    expect(driver.refusal('PublishVersion', { FunctionName, CodeSha256: 'other' })).toBe(
      'InvalidParameterValueException',
    );
  });
});

describe('aliases', () => {
  test('name a version and move', () => {
    const driver = driveTask();
    driver.publish();
    driver.call('CreateAlias', { FunctionName, Name: 'live', FunctionVersion: '1' });
    expect(driver.lambda.target(`${FUNCTION_ARN}:live`).version).toBe('1');
    driver.call('UpdateFunctionCode', code('code 2'));
    driver.publish();
    driver.call('UpdateAlias', { FunctionName, Name: 'live', FunctionVersion: '2' });
    expect(driver.lambda.target(FunctionName, 'live').version).toBe('2');
    expect(driver.call('GetAlias', { FunctionName, Name: 'live' })).toEqual({
      AliasArn: `${FUNCTION_ARN}:live`,
      Name: 'live',
      FunctionVersion: '2',
      Description: '',
    });
    expect(
      driver.call<{ Aliases: object[] }>('ListAliases', { FunctionName }).Aliases,
    ).toHaveLength(1);
    driver.call('DeleteAlias', { FunctionName, Name: 'live' });
    expect(driver.refusal('GetAlias', { FunctionName, Name: 'live' })).toBe(
      'ResourceNotFoundException',
    );
  });

  test('need a version that exists and a name that is no number', () => {
    const driver = driveTask();
    const alias = { FunctionName, Name: 'live', FunctionVersion: '1' };
    expect(driver.refusal('CreateAlias', alias)).toBe('ResourceNotFoundException');
    driver.publish();
    driver.call('CreateAlias', alias);
    expect(driver.refusal('CreateAlias', alias)).toBe('ResourceConflictException');
    expect(driver.refusal('CreateAlias', { ...alias, Name: '7' })).toBe(
      'InvalidParameterValueException',
    );
  });

  test('of a mapping are followed at each invocation', () => {
    const driver = driveMapping();
    driver.call('DeleteEventSourceMapping', { UUID: driver.mappingId });
    driver.call('PublishVersion', { FunctionName });
    driver.call('CreateAlias', { FunctionName, Name: 'live', FunctionVersion: '1' });
    driver.call('CreateEventSourceMapping', {
      FunctionName: `${FUNCTION_ARN}:live`,
      EventSourceArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/events',
      StartingPosition: 'TRIM_HORIZON',
    });
    driver.put('k', 'a');
    const [first] = driver.due();
    expect(first).toMatchObject({ functionArn: `${FUNCTION_ARN}:live`, version: '1' });
    driver.settle(first!);
    driver.call('UpdateFunctionCode', code('code 2'));
    driver.call('PublishVersion', { FunctionName });
    driver.call('UpdateAlias', { FunctionName, Name: 'live', FunctionVersion: '2' });
    driver.put('k', 'b');
    expect(driver.due()).toMatchObject([{ version: '2' }]);
  });
});

describe('invoking', () => {
  const Payload = Buffer.from('{"a":1}');

  test('an answer is promised for the version that runs', () => {
    const driver = driveTask();
    expect(driver.call('Invoke', { FunctionName, Payload })).toEqual({
      StatusCode: 200,
      ExecutedVersion: '$LATEST',
    });
    expect(driver.call('Invoke', { FunctionName, InvocationType: 'DryRun' })).toEqual({
      StatusCode: 204,
    });
    expect(driver.refusal('Invoke', { FunctionName: 'other' })).toBe('ResourceNotFoundException');
  });

  test('an event is invoked later, and after failures twice more', () => {
    const driver = driveTask();
    driver.call('Invoke', { FunctionName, InvocationType: 'Event', Payload });
    const waits: number[] = [];
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      const dueMs = driver.nextDueMs()!;
      waits.push(dueMs - driver.clock.nowMs);
      driver.clock.nowMs = dueMs;
      const [invocation] = driver.due();
      expect(invocation!.trigger).toEqual({ kind: 'async', attempt });
      expect(invocation!.payload()).toBe('{"a":1}');
      expect(driver.due()).toEqual([]);
      driver.settle(invocation!, FAILED);
    }
    expect(waits).toEqual([0, 60_000, 120_000]);
    expect(driver.nextDueMs()).toBeNull();
  });

  test('an event that cannot be started waits, for at most six hours', () => {
    const driver = driveTask();
    driver.call('Invoke', { FunctionName, InvocationType: 'Event' });
    driver.settle(driver.due()[0]!, { kind: 'not-started' });
    driver.clock.nowMs += 1_000;
    driver.settle(driver.due()[0]!, { kind: 'not-started' });
    driver.clock.nowMs += 6 * 3_600_000;
    expect(driver.due()).toEqual([]);
    expect(driver.nextDueMs()).toBeNull();
  });

  test('an event for a function that is gone is dropped', () => {
    const driver = driveTask();
    driver.call('Invoke', { FunctionName, InvocationType: 'Event' });
    driver.call('DeleteFunction', { FunctionName });
    expect(driver.due()).toEqual([]);
    expect(driver.nextDueMs()).toBeNull();
  });

  test('an event under way is invoked again after a restart', () => {
    const driver = driveTask();
    driver.call('Invoke', { FunctionName, InvocationType: 'Event' });
    driver.due();
    driver.lambda.abandon();
    expect(driver.due()).toHaveLength(1);
  });
});
