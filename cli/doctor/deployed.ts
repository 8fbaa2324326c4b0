import type { App, Mirror } from '../../functions/core/configuration.ts';
import type { Content } from '../../infra/configuration.ts';
import { outputsOf, pascal } from '../../infra/outputs.ts';
import type { Door } from '../../infra/settings.ts';
import type { Stage } from '../../infra/stages.ts';
import { addressFindings } from './address.ts';
import type { Facts, Stack } from './aws.ts';
import { type DeployedFunction, doorOf, judgeFunctions } from './drift.ts';
import { type Check, error, type Finding, notChecked } from './finding.ts';
import { judgeBootstrap, judgeExecutions, judgeLogPolicies } from './limits.ts';
import { asked, judgeHosted } from './mirror.ts';
import { judgeText, judgeVersions, type Owner, ownersIn } from './secrets.ts';
import {
  judgeAlarms,
  judgeMappings,
  judgeOldest,
  judgeOutputs,
  judgeQueues,
  judgeStatus,
  judgeTable,
} from './service.ts';

/** A stage of bindery.json, and the facts of the account that it is deployed in. */
export type Deployment = {
  readonly configuration: Content['configuration'];
  readonly options: Stage;
  readonly stage: string;
  readonly facts: Facts;
  readonly now: () => number;
};

/** Returns the checks of a stage. Without a stack they are those of the account, which a deployment needs. */
export async function checksOf(deployment: Deployment): Promise<Check[]> {
  const { configuration, options, stage, facts } = deployment;
  const name = `Bindery-${stage}`;
  const found = await facts.stack(name).catch(notChecked);
  // Without credentials or a way to AWS every other check would say the same.
  if (found && 'level' in found && found.level === 'error') return [{ name: 'stack', run: async () => [found] }];
  const isDeployed = found !== undefined && 'outputs' in found;
  const account: Check[] = [
    {
      name: 'executions',
      run: async () => [judgeExecutions(await facts.executions(), configuration, options, isDeployed)],
    },
    { name: 'log policies', run: async () => [judgeLogPolicies(await facts.logPolicies(), options)] },
    { name: 'bootstrap', run: async () => [judgeBootstrap(await facts.bootstrap())] },
  ];
  if (isDeployed) return [...checksOfStack(deployment, found), ...account];
  const todo = `npm run deploy -- -c stage=${stage}, or choose another --region or --profile`;
  const missing = found ?? error(`there is no stack ${name}`, 'nothing is deployed in this account and Region', todo);
  return [{ name: 'stack', run: async () => [missing] }, ...account];
}

function checksOfStack({ configuration, options, facts, now }: Deployment, stack: Stack): Check[] {
  const { outputs } = stack;
  const [operationsUrl = '', parkedUrl = ''] = [outputs['OperationsQueueUrl'], outputs['ParkedQueueUrl']];
  const queue = operationsUrl.split('/').at(-1) ?? '';
  const urls = Object.entries(outputs).filter(([name]) => /^(Events|AccountApi|Devices|Resolve)?Url$/.test(name));
  return [
    {
      name: 'stack',
      run: async () => [...judgeStatus(stack.status), ...judgeOutputs(outputsOf(configuration, options), outputs)],
    },
    { name: 'drift', run: async () => judgeFunctions(configuration, await functionsIn(stack, facts)) },
    ...urls.map(([name, url]) => ({
      name: 'address',
      run: () => addressFindings({ name, url, now, clock: facts.clock }),
    })),
    ...ownersIn(configuration).map((owner) => ({
      name: 'secrets',
      run: () => secretFindings(owner, outputs, facts, now()),
    })),
    ...configuration.apps.flatMap(({ mirror, ...app }) =>
      mirror ? [{ name: 'mirror', run: () => hostedFindings({ ...app, mirror }, outputs, facts) }] : [],
    ),
    {
      name: 'queues',
      run: async () => {
        const [operations, parked] = await Promise.all([facts.messages(operationsUrl), facts.messages(parkedUrl)]);
        return judgeQueues({ operations, parked });
      },
    },
    { name: 'oldest operation', run: async () => judgeOldest(await facts.oldestS(queue)) },
    {
      name: 'mappings',
      run: async () => {
        const ids = stack.resources
          .filter(({ type }) => type === 'AWS::Lambda::EventSourceMapping')
          .map(({ id }) => id);
        const { maxConcurrency } = options;
        return judgeMappings(await Promise.all(ids.map(facts.mapping)), { queue, maxConcurrency });
      },
    },
    { name: 'alarms', run: async () => judgeAlarms(await facts.alarmsOn(stack.name)) },
    { name: 'table', run: async () => judgeTable(await facts.table(outputs['TableName'] ?? '')) },
  ];
}

/** Reads the functions of a stack, by their door. */
async function functionsIn({ resources }: Stack, facts: Facts): Promise<ReadonlyMap<Door, DeployedFunction>> {
  const found = resources
    .filter(({ type }) => type === 'AWS::Lambda::Function')
    .flatMap(({ logicalId, id }) => {
      const door = doorOf(logicalId);
      return door ? [[door, id] as const] : [];
    });
  return new Map(await Promise.all(found.map(async ([door, id]) => [door, await facts.deployedFunction(id)] as const)));
}

async function secretFindings(
  { output, decode }: Owner,
  outputs: Stack['outputs'],
  facts: Facts,
  nowMs: number,
): Promise<Finding[]> {
  const arn = outputs[output];
  // The check of the outputs reports it.
  if (arn === undefined) return [];
  const [text, versions] = await Promise.all([facts.secretText(arn), facts.secretVersions(arn)]);
  return [judgeText(text, decode, output), ...judgeVersions(versions, output, nowMs)];
}

async function hostedFindings(
  app: App & { readonly mirror: Mirror },
  outputs: Stack['outputs'],
  facts: Facts,
): Promise<Finding[]> {
  const arn = outputs[`MirrorSecretOf${pascal(app.id)}`];
  if (arn === undefined) return [];
  const secret = (await facts.secretText(arn))?.trim();
  return [judgeHosted(app.id, secret ? await asked(app, secret) : undefined)];
}
