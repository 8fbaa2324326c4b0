import type { Content } from '../../infra/configuration.ts';
import { deviceDoors, isQueued } from '../../infra/configuration.ts';
import { BOOTSTRAP_VERSION, INTAKE_QUEUE, MARKS_QUEUE } from '../../infra/settings.ts';
import type { Stage } from '../../infra/stages.ts';
import { error, type Finding, ok, warning } from './finding.ts';

/** Executions that AWS leaves to functions without a reservation, at least. */
const UNRESERVED_AT_LEAST = 100;

/** Executions of an account and Region: all, and those that no function has reserved. */
export type Executions = { readonly all: number; readonly unreserved: number };

/** Executions that queues may take at once, by the settings of the stage. */
const forQueues = ({ apps, sources }: Content['configuration'], { maxConcurrency }: Stage): number =>
  maxConcurrency +
  sources.filter(isQueued).length * INTAKE_QUEUE.feed.maxConcurrency +
  apps.filter(({ mirror }) => mirror).length * 2 * MARKS_QUEUE.feed.maxConcurrency;

/** Judges the executions of the account. A stack that is deployed has its reservations already. */
export function judgeExecutions(
  { all, unreserved }: Executions,
  configuration: Content['configuration'],
  options: Stage,
  isDeployed: boolean,
): Finding {
  const page = 'ask AWS for more executions, or see docs/operations/limits.md, Concurrency';
  const doors = 2 + deviceDoors(configuration).length;
  const reserved = isDeployed ? 0 : doors * (options.doorConcurrency ?? 0);
  if (reserved > 0 && unreserved - reserved < UNRESERVED_AT_LEAST)
    return error(
      `doorConcurrency reserves ${reserved} executions, and the account has ${unreserved} left`,
      `AWS refuses what leaves fewer than ${UNRESERVED_AT_LEAST}, so the deployment would fail`,
      `lower doorConcurrency in bindery.json, or ${page}`,
    );
  const needed = forQueues(configuration, options);
  if (unreserved - reserved < needed)
    return warning(
      `${unreserved - reserved} of ${all} executions of the account are free, and the queues may take ${needed}`,
      'workers and doors throttle each other: operations are applied late',
      page,
    );
  return ok(`${unreserved} of ${all} executions are free, the queues may take ${needed}`);
}

/** The policy that AWS writes for logs below `/aws/vendedlogs/`, such as the access log. */
const DELIVERY_POLICY = 'AWSLogDeliveryWrite20150319';

/** AWS's limit for a Region. No request raises it. */
const MOST_LOG_POLICIES = 10;

/** Judges the resource policies of CloudWatch Logs, of which the access log of an HTTP API needs one. */
export function judgeLogPolicies(names: readonly string[], { front }: Stage): Finding {
  const isMissing = front === 'http-api' && !names.includes(DELIVERY_POLICY);
  if (isMissing && names.length >= MOST_LOG_POLICIES)
    return error(
      `the Region has ${names.length} resource policies for logs, and the access log needs one more`,
      'AWS allows ten, so the deployment of the HTTP API fails',
      'delete one that is not used: aws logs describe-resource-policies, aws logs delete-resource-policy',
    );
  return ok(`${names.length} of ${MOST_LOG_POLICIES} resource policies for logs are used`);
}

/** Judges the version of the CDK's bootstrap stack; undefined if there is none. */
export function judgeBootstrap(version: number | undefined): Finding {
  if (version === undefined)
    return error('the CDK is not bootstrapped here', 'no deployment is possible', 'npx cdk bootstrap');
  if (version < BOOTSTRAP_VERSION)
    return error(
      `the CDK's bootstrap stack has version ${version}`,
      `a deployment needs ${BOOTSTRAP_VERSION}`,
      'npx cdk bootstrap',
    );
  return ok(`the CDK's bootstrap stack has version ${version}`);
}
