// What the actions of CloudFormation have in common: their input, and the blueprint it asks for.

import { ServiceError } from '../../../lib/cloud/service.ts';
import type { Evaluation } from './evaluation.ts';
import { decideParameters, type GivenParameter } from './parameters.ts';
import { validationError } from './refusals.ts';
import type { Blueprint, OnFailure, Stack, Tag } from './stack.ts';
import { parseTemplate } from './template.ts';

/** Members of the actions' inputs, as the API reference names them. */
export interface Request {
  readonly StackName?: string;
  readonly ChangeSetName?: string;
  readonly ChangeSetType?: string;
  readonly Description?: string;
  readonly TemplateBody?: string;
  readonly TemplateURL?: string;
  readonly UsePreviousTemplate?: boolean;
  readonly Parameters?: readonly GivenParameter[];
  readonly Capabilities?: readonly string[];
  readonly Tags?: readonly Tag[];
  readonly NotificationARNs?: readonly string[];
  readonly RoleARN?: string;
  readonly ClientRequestToken?: string;
  readonly DisableRollback?: boolean;
  readonly OnFailure?: string;
  readonly OnStackFailure?: string;
  readonly EnableTerminationProtection?: boolean;
  readonly ImportExistingResources?: boolean;
  readonly ResourcesToImport?: readonly unknown[];
  readonly RetainResources?: readonly string[];
  readonly ResourcesToSkip?: readonly string[];
  readonly LogicalResourceId?: string;
  readonly PhysicalResourceId?: string;
  readonly StackStatusFilter?: readonly string[];
  readonly NextToken?: string;
}

/** What requests are read with. */
export interface RequestContext {
  /** The text of an object of S3; throws the service's refusal. */
  readonly readObject: (bucket: string, key: string) => string;
  readonly parameterOf: (name: string) => string | undefined;
}

/** `https://BUCKET.s3.REGION.amazonaws.com/KEY`, the same with the bucket in the path, or our endpoint. */
const VIRTUAL_HOST = /^([a-z0-9.-]+)\.s3[.-](?:[a-z0-9-]+\.)?(?:amazonaws\.com|localhost)/;

/**
 * The blueprint of a request; what it leaves out is as it was before.
 *
 * @throws ServiceError `ValidationError`
 */
export function blueprintOf(
  request: Request,
  previous: Stack | undefined,
  context: RequestContext,
): Blueprint {
  const templateBody = templateOf(request, previous, context);
  const template = parseTemplate(templateBody);
  const roleArn = request.RoleARN ?? previous?.blueprint.roleArn;
  return {
    templateBody,
    parameters: decideParameters({
      template,
      given: request.Parameters ?? [],
      previous: previous?.blueprint.parameters,
      lookUp: context.parameterOf,
    }),
    tags: request.Tags ?? previous?.blueprint.tags ?? [],
    capabilities: request.Capabilities ?? [],
    notificationArns: request.NotificationARNs ?? previous?.blueprint.notificationArns ?? [],
    ...(roleArn === undefined ? {} : { roleArn }),
  };
}

const ON_FAILURE: readonly OnFailure[] = ['DELETE', 'DO_NOTHING', 'ROLLBACK'];

/**
 * What a request asks for in case that it fails.
 *
 * @throws ServiceError `ValidationError`
 */
export function onFailureOf(request: Pick<Request, 'DisableRollback' | 'OnFailure'>): OnFailure {
  const { DisableRollback, OnFailure } = request;
  if (OnFailure === undefined) return DisableRollback === true ? 'DO_NOTHING' : 'ROLLBACK';
  if (DisableRollback !== undefined) {
    throw validationError('You can specify either DisableRollback or OnFailure, but not both.');
  }
  const known = ON_FAILURE.find((one) => one === OnFailure);
  if (known !== undefined) return known;
  throw validationError(`OnFailure is DELETE, DO_NOTHING or ROLLBACK, not ${OnFailure}`);
}

const NAMED_IAM: Readonly<Record<string, string>> = {
  'AWS::IAM::ManagedPolicy': 'ManagedPolicyName',
  'AWS::IAM::Policy': '',
  'AWS::IAM::Role': 'RoleName',
};

/** The capabilities that a template needs. */
export function capabilitiesFor(wanted: Evaluation['wanted']): readonly string[] {
  const roles = Object.values(wanted).filter(({ Type }) => Type in NAMED_IAM);
  if (roles.length === 0) return [];
  const isNamed = roles.some(
    ({ Type, Properties }) => Properties?.[NAMED_IAM[Type]!] !== undefined,
  );
  return [isNamed ? 'CAPABILITY_NAMED_IAM' : 'CAPABILITY_IAM'];
}

/** @throws ServiceError `InsufficientCapabilitiesException` */
export function assertCapabilities(blueprint: Blueprint, wanted: Evaluation['wanted']): void {
  const { capabilities } = blueprint;
  const missing = capabilitiesFor(wanted).filter(
    (needed) => !capabilities.includes(needed) && !capabilities.includes('CAPABILITY_NAMED_IAM'),
  );
  if (missing.length === 0) return;
  throw new ServiceError(
    'InsufficientCapabilitiesException',
    `Requires capabilities : [${missing.join(', ')}]`,
  );
}

/** The text of the template that a request carries or points to. */
export function templateOf(
  request: Request,
  previous: Stack | undefined,
  { readObject }: RequestContext,
): string {
  const { TemplateBody, TemplateURL, UsePreviousTemplate } = request;
  if (TemplateBody !== undefined) return TemplateBody;
  if (TemplateURL !== undefined) {
    const { bucket, key } = placeOf(TemplateURL);
    try {
      return readObject(bucket, key);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      throw validationError(`S3 error: ${error.message} (${TemplateURL})`);
    }
  }
  if (UsePreviousTemplate && previous !== undefined) return previous.blueprint.templateBody;
  throw validationError('Either Template URL or Template Body must be specified.');
}

function placeOf(templateUrl: string): { readonly bucket: string; readonly key: string } {
  if (!URL.canParse(templateUrl)) throw validationError('TemplateURL must be a supported URL.');
  const { hostname, pathname } = new URL(templateUrl);
  const path = decodeURIComponent(pathname.slice(1));
  const inHost = VIRTUAL_HOST.exec(hostname)?.[1];
  if (inHost !== undefined) return { bucket: inHost, key: path };
  const slash = path.indexOf('/');
  return { bucket: path.slice(0, slash), key: path.slice(slash + 1) };
}
