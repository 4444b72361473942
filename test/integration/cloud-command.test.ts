import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readInstructions, runCloud, startCloud } from '../support/running-cloud.ts';

const folder = mkdtempSync(join(tmpdir(), 'rivulet-cloud-command-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('npm run cloud', () => {
  it('prints one line of JSON when it is ready, nothing else, and ends on Ctrl-C with its children', async () => {
    const cloud = await startCloud();
    expect(cloud).toMatchObject({ ready: true, region: 'us-east-1' });
    expect(cloud.endpoint).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(Object.keys(cloud.delays).sort()).toEqual([
      'bucket',
      'deadLettersPrefix',
      'latePrefix',
      'rowsPrefix',
      'stream',
      'table',
    ]);
    expect(await cloud.interrupt()).toBe(0);
    expect(cloud.lines).toHaveLength(1);
    expect(cloud.sandboxPids()).toEqual([]);
  });

  it('tells a person how to use it, in colours where they are wanted', async () => {
    const { code, stdout } = await readInstructions(['--port', '0', '--pipeline', 'delays']);
    expect(code).toBe(0);
    expect(stdout).toContain('\u001b[1mPipeline delays:\u001b[0m');
    expect(stdout).toMatch(/export AWS_ENDPOINT_URL=http:\/\/127\.0\.0\.1:\d+/);
    expect(stdout).toContain('aws dynamodb scan --table-name');
  });

  it('comes up without the app when it is asked to, ready for the CDK to deploy it', async () => {
    const cloud = await startCloud(['--empty']);
    expect(cloud.pipelines).toEqual({});
    const body = 'Action=DescribeStacks&Version=2010-05-15&StackName=CDKToolkit';
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await fetch(cloud.endpoint, { method: 'POST', headers, body });
    expect(await answer.text()).toContain('<StackStatus>CREATE_COMPLETE</StackStatus>');
    expect(await cloud.interrupt()).toBe(0);
  });

  it('a pipeline that is not there is said in a sentence, with exit code 1', async () => {
    const { code, stdout, stderr } = await runCloud([
      '--port',
      '0',
      '--pipeline',
      'nowhere',
      '--json',
    ]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('nowhere');
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('a port that is taken is said in a sentence, with exit code 1', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    const { code, stdout, stderr } = await runCloud(['--port', String(port)]);
    server.close();
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(String(port));
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('a folder that cannot be written is said in a sentence, with exit code 1', async () => {
    const file = join(folder, 'a-file');
    writeFileSync(file, '');
    const { code, stderr } = await runCloud(['--port', '0', '--data', join(file, 'inside')]);
    expect(code).toBe(1);
    expect(stderr).toContain('a-file');
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it.each([
    ['an unknown flag', ['--colour']],
    ['a port that is none', ['--port', 'many']],
    ['a port out of range', ['--port', '70000']],
    ['a pipeline for a cloud without one', ['--empty', '--pipeline', 'delays']],
  ])('%s is wrong usage, with exit code 2', async (_what, args) => {
    const { code, stdout, stderr } = await runCloud(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/--/);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});
