// CloudFormation as the faces and the program see it: one store, one engine, two ways in. Requests of
// clients begin an operation that goes on by itself; `deploy` runs one to its end at once.

import { ServiceError } from '../../../lib/cloud/service.ts';
import { Refused } from '../refused.ts';
import { createChangeSet, deleteChangeSet, executeChangeSet } from './change-sets.ts';
import * as descriptions from './descriptions.ts';
import { createEngine, type EngineParts } from './operation.ts';
import type { GivenParameter } from './parameters.ts';
import { reasonOf } from './refusals.ts';
import type { Request, RequestContext } from './request.ts';
import { IAM_ROLE, SSM_PARAMETER } from './resources/inert.ts';
import { createRunner } from './runner.ts';
import { isLive, type Stack } from './stack.ts';
import {
  type Actions,
  continueUpdateRollback,
  createStack,
  deleteStack,
  rollbackStack,
  USER_INITIATED,
  updateStack,
  updateTerminationProtection,
} from './stack-actions.ts';

/** A stack to be deployed at once. */
export interface StackRequest {
  readonly stackName: string;
  readonly templateBody: string;
  readonly parameters?: readonly GivenParameter[];
}

export interface CloudFormation {
  /** One action of the API; throws `ServiceError` for a refusal. */
  call(action: string, input: Request): object;
  /**
   * Brings a stack about before it returns, in place when it exists.
   *
   * @throws Refused when it cannot be done; what was changed is put back
   */
  deploy(request: StackRequest): Stack;
  /** The value of a parameter of SSM, undefined when there is none. */
  parameterOf(name: string): string | undefined;
  hasRole(roleName: string): boolean;
  /** Goes on with what was under way when the process died. */
  resume(): void;
  stop(): void;
}

type Action = (actions: Actions, request: Request) => object;

const ACTIONS: Readonly<Record<string, Action>> = {
  ContinueUpdateRollback: continueUpdateRollback,
  CreateChangeSet: createChangeSet,
  CreateStack: createStack,
  DeleteChangeSet: deleteChangeSet,
  DeleteStack: deleteStack,
  DescribeChangeSet: descriptions.describeChangeSet,
  DescribeEvents: descriptions.describeEvents,
  DescribeStackEvents: descriptions.describeStackEvents,
  DescribeStackResource: descriptions.describeStackResource,
  DescribeStackResources: descriptions.describeStackResources,
  DescribeStacks: descriptions.describeStacks,
  ExecuteChangeSet: executeChangeSet,
  GetTemplate: descriptions.getTemplate,
  GetTemplateSummary: descriptions.getTemplateSummary,
  ListChangeSets: descriptions.listChangeSets,
  ListExports: descriptions.listExports,
  ListStackResources: descriptions.listStackResources,
  ListStacks: descriptions.listStacks,
  RollbackStack: rollbackStack,
  UpdateStack: updateStack,
  UpdateTerminationProtection: updateTerminationProtection,
};

/** What a request of this program may leave behind, whatever it holds. */
const ALL_CAPABILITIES = ['CAPABILITY_IAM', 'CAPABILITY_NAMED_IAM'];

export function createCloudFormation(
  parts: Omit<EngineParts, 'surroundings'> &
    Pick<RequestContext, 'readObject'> & { readonly stepDelayMs: number },
): CloudFormation {
  const { store, workshop, now, atomically, readObject, stepDelayMs } = parts;
  const liveStacks = () => store.stacks().filter(isLive);
  const resourcesOf = (type: string) =>
    liveStacks()
      .flatMap(({ resources }) => Object.values(resources))
      .filter((resource) => resource.type === type);
  const parameterOf = (name: string) =>
    resourcesOf(SSM_PARAMETER).find(({ physicalId }) => physicalId === name)?.attributes['Value'];
  const surroundings = {
    place: workshop,
    exports: (name: string) =>
      liveStacks()
        .flatMap(({ outputs }) => outputs)
        .find(({ exportName }) => exportName === name)?.value,
    outputOf: (stackName: string, output: string) =>
      store.find(stackName)?.outputs.find(({ key }) => key === output)?.value,
    parameterOf,
  };
  const engine = createEngine({ ...parts, surroundings });
  const runner = createRunner({ advance: engine.advance, stepDelayMs });
  const actions: Actions = {
    store,
    engine,
    surroundings,
    now,
    readObject,
    parameterOf,
    started: runner.start,
  };
  const atOnce: Actions = {
    ...actions,
    // Code does not come by way of a bootstrapped environment then: the version asked for is any.
    parameterOf: (name) => parameterOf(name) ?? name,
    started(stackId) {
      while (engine.advance(stackId));
    },
  };

  return {
    call(action, input) {
      const run = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined;
      if (run === undefined) {
        throw new ServiceError('InvalidAction', `the embedded cloud does not offer ${action}`);
      }
      return atomically(() => run(actions, input));
    },
    deploy: ({ stackName, templateBody, parameters = [] }) =>
      deployAtOnce(atOnce, {
        StackName: stackName,
        TemplateBody: templateBody,
        Parameters: parameters,
        Capabilities: ALL_CAPABILITIES,
      }),
    parameterOf,
    hasRole: (name) => resourcesOf(IAM_ROLE).some(({ physicalId }) => physicalId === name),
    resume() {
      for (const { stackId, operation } of store.stacks()) {
        if (operation !== null) runner.start(stackId);
      }
    },
    stop: () => runner.stop(),
  };
}

const NO_UPDATES = 'No updates are to be performed.';

function deployAtOnce(actions: Actions, request: Request): Stack {
  const { store } = actions;
  const stackName = request.StackName!;
  const stackOf = () => store.find(stackName)!;
  try {
    // A process that died in the middle of a deployment has left it under way.
    const there = store.find(stackName);
    if (there !== undefined && there.operation !== null) actions.started(there.stackId);
    // Of a creation that failed, nothing is left but its name.
    if (/^(REVIEW_IN_PROGRESS|ROLLBACK_(COMPLETE|FAILED))$/.test(stackOf()?.status ?? '')) {
      deleteStack(actions, { StackName: stackName });
    }
    if (store.find(stackName) === undefined) createStack(actions, request);
    else updateStack(actions, request);
  } catch (error) {
    if (error instanceof ServiceError && error.message === NO_UPDATES) return stackOf();
    throw new Refused(`stack ${stackName} cannot be deployed: ${reasonOf(error)}`);
  }
  const stack = stackOf();
  if (stack.status === 'CREATE_COMPLETE' || stack.status === 'UPDATE_COMPLETE') return stack;
  throw new Refused(`stack ${stackName} cannot be deployed: ${failureIn(actions, stack)}`);
}

/** What the newest deployment failed of: a resource, or else the stack as a whole. */
function failureIn({ store }: Actions, { stackId, status }: Stack): string {
  const all = store.events(stackId);
  const start = all.findLastIndex(
    ({ physicalId, reason }) => physicalId === stackId && reason === USER_INITIATED,
  );
  const events = all.slice(start);
  const end = events.findIndex((event) => /ROLLBACK_IN_PROGRESS$/.test(event.status));
  const failure = events.slice(0, end).find((event) => /_FAILED$/.test(event.status));
  if (failure === undefined) return events[end]?.reason ?? status;
  return `${failure.logicalId} (${failure.type}): ${failure.reason}`;
}
