import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Stack, Validations } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import { addPipeline, CONTEXT } from '../support/synthesis.ts';

interface Report {
  readonly pluginReports: readonly {
    readonly violations: readonly { readonly ruleName: string }[];
  }[];
}

/** The rules that the stack breaks without saying why, from the report in the cloud assembly. */
function unacknowledged(build: (stack: Stack) => void): readonly string[] {
  const app = new App({ postCliContext: { ...CONTEXT } });
  build(new Stack(app, 'Checked'));
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
  try {
    app.synth();
  } catch (error) {
    expect(String(error)).toContain('ValidationFailed');
  }
  const report: Report = JSON.parse(
    readFileSync(join(app.outdir, 'validation-report.json'), 'utf8'),
  );
  return report.pluginReports.flatMap(({ violations }) =>
    violations.map(({ ruleName }) => ruleName),
  );
}

describe('the rules of AWS Solutions and for serverless applications', () => {
  it.each(['call-records', 'archive'])('hold for %s, or it says why not', (fixture) => {
    expect(unacknowledged((stack) => addPipeline(stack, fixture))).toEqual([]);
  });

  it('hold with a key of the customer', () => {
    const withKey = (stack: Stack) =>
      addPipeline(stack, 'call-records', {
        key: new Key(stack, 'Key', { enableKeyRotation: true }),
      });
    expect(unacknowledged(withKey)).toEqual([]);
  });

  it('are checked at all: a bare bucket breaks them', () => {
    const bare = (stack: Stack) => new Bucket(stack, 'Bare');
    expect(unacknowledged(bare).join()).toContain('AwsSolutions-S1');
  });
});

describe('an acknowledged rule', () => {
  const app = new App();
  addPipeline(new Stack(app, 'Read'), 'call-records');
  const reasons = app.node
    .findAll()
    .flatMap(({ node }) =>
      node.metadata
        .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
        .flatMap(({ data }) => Object.entries(data as Readonly<Record<string, string>>)),
    );

  it('is one of those that were agreed on', () => {
    const rules = reasons.map(([id]) => /[A-Za-z]+-[A-Za-z0-9]+(?=\[|$)/.exec(id)?.[0]);
    expect([...new Set(rules)].sort()).toEqual([
      'AwsSolutions-IAM5',
      'AwsSolutions-L1',
      'AwsSolutions-S1',
      'Serverless-EventBusDLQ',
      'Serverless-LambdaDLQ',
      'Serverless-LambdaLatestVersion',
      'Serverless-LambdaTracing',
    ]);
  });

  it.each(reasons)('%s has a reason that names the control in its place', (_id, reason) => {
    expect(reason.length).toBeGreaterThan(60);
    expect(reason).toMatch(/commit log|tests pin|one bucket|the next run does/);
  });
});
