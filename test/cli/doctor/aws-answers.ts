import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import * as z from 'zod';
import { serving } from '../../conformance/http-server.ts';
import type { Synthesized } from '../../infra/synthesis.ts';

type Answer = { readonly status?: number; readonly body: unknown };
export type Answers = Readonly<Record<string, (input: unknown) => Answer>>;

/** Returns the answers of an account in which the stack is deployed and healthy, by the name of the action. */
export function healthy(stack: Synthesized, url: string, now: () => number): Answers {
  const { template } = stack;
  const physical = (value: unknown): string => {
    const ref = z.union([z.object({ Ref: z.string() }).transform((one) => one.Ref), Get]).safeParse(value).data;
    return (
      ref ??
      Join.parse(value)
        .map((part) => (typeof part === 'string' ? part : part.Ref))
        .join('')
    );
  };
  const outputs = Object.entries(template.findOutputs('*')).map(([name, { Value }]) => {
    if (/Url$/.test(name) && !/Queue|Letters/.test(name)) return [name, url];
    return [name, /QueueUrl|LettersUrl/.test(name) ? `${url}/000000000000/${physical(Value)}` : physical(Value)];
  });
  const resources = TYPES.flatMap((type) => Object.keys(template.findResources(type)).map((id) => [id, type] as const));
  const functions = template.findResources('AWS::Lambda::Function');
  const feeds = template.findResources('AWS::Lambda::EventSourceMapping');
  // A mirror in a stack needs https, which this server has not.
  const local = (text: string) => text.replaceAll(/https:\/\/(xg|tpns)\.example/g, url);
  const done = (body: unknown): Answer => ({ body });
  return {
    DescribeStacks: () => done(stacks(outputs)),
    ListStackResources: () => done(listed(resources)),
    GetAccountSettings: () =>
      done({ AccountLimit: { ConcurrentExecutions: 1000, UnreservedConcurrentExecutions: 1000 } }),
    GetFunctionConfiguration: (id) => {
      const variables = Object.entries(functions[`${id}`]?.['Properties'].Environment.Variables ?? {});
      const texts = variables.map(([name, value]) => [
        name,
        local(typeof value === 'string' ? value : physical(value)),
      ]);
      return done({ Environment: { Variables: Object.fromEntries(texts) } });
    },
    GetEventSourceMapping: (id) => {
      const { EventSourceArn, ScalingConfig } = Object(feeds[`${id}`]).Properties;
      return done({ State: 'Enabled', ScalingConfig, EventSourceArn: `arn:aws:sqs:r:0:${physical(EventSourceArn)}` });
    },
    DescribeAlarms: () => done({ MetricAlarms: [] }),
    GetMetricStatistics: () => done({ Datapoints: [{ Timestamp: now() / 1000, Maximum: 2 }] }),
    DescribeResourcePolicies: () => done({ resourcePolicies: [{ policyName: 'AWSLogDeliveryWrite20150319' }] }),
    GetSecretValue: () => done({ SecretString: 'A'.repeat(44) }),
    ListSecretVersionIds: () => done({ Versions: [{ VersionStages: ['AWSCURRENT'], CreatedDate: now() / 1000 }] }),
    GetQueueAttributes: () => done({ Attributes: { ApproximateNumberOfMessages: '0' } }),
    DescribeTimeToLive: () =>
      done({ TimeToLiveDescription: { TimeToLiveStatus: 'ENABLED', AttributeName: 'expires' } }),
    DescribeContinuousBackups: () =>
      done({
        ContinuousBackupsDescription: {
          ContinuousBackupsStatus: 'ENABLED',
          PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: 'ENABLED' },
        },
      }),
    GetParameter: () => done({ Parameter: { Value: '6' } }),
    root: () => done({ service: 'Bindery: which accounts' }),
    wrongPath: () => ({ status: 404, body: { code: 'unknown_path' } }),
    hosted: () => done({ ret_code: 0, err_msg: '', retCode: 0, errMsg: '' }),
  };
}

const Get = z.object({ 'Fn::GetAtt': z.tuple([z.string(), z.string()]) }).transform((get) => get['Fn::GetAtt'][0]);
const Part = z.union([z.string(), z.object({ Ref: z.string() }), Get]);
const Join = z.object({ 'Fn::Join': z.tuple([z.literal(''), z.array(Part)]) }).transform((join) => join['Fn::Join'][1]);
const TYPES = ['AWS::Lambda::Function', 'AWS::Lambda::EventSourceMapping'] as const;

/** An answer of the query protocol. */
const xml = (action: string, result: string): string =>
  `<${action}Response><${action}Result>${result}</${action}Result></${action}Response>`;

const stacks = (outputs: readonly (readonly string[])[], status = 'CREATE_COMPLETE'): string => {
  const members = outputs.map(
    ([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`,
  );
  const stack = `<StackName>Bindery-prod</StackName><StackStatus>${status}</StackStatus><Outputs>${members.join('')}</Outputs>`;
  return xml('DescribeStacks', `<Stacks><member>${stack}</member></Stacks>`);
};

const listed = (resources: readonly (readonly [id: string, type: string])[]): string => {
  const members = resources.map(
    ([id, type]) =>
      `<member><LogicalResourceId>${id}</LogicalResourceId><PhysicalResourceId>${id}</PhysicalResourceId><ResourceType>${type}</ResourceType></member>`,
  );
  return xml('ListStackResources', `<StackResourceSummaries>${members.join('')}</StackResourceSummaries>`);
};

/** An error as each of the protocols has it. */
export const failing =
  (name: string, message: string): (() => Answer) =>
  () => ({
    status: 400,
    body: { __type: name, code: name, message, Code: name },
  });

/** A server that answers for all services of AWS, for the stack's address and for the hosted API. */
export async function startAws(answersOf: () => Answers, dateMs: () => number) {
  return serving(async (request, response) => {
    const { action, input } = actionIn(request, await text(request));
    const { status = 200, body } = answersOf()[action]?.(input) ?? { status: 500, body: { action } };
    const isXml = action === 'DescribeStacks' || action === 'ListStackResources';
    const content = typeof body === 'string' ? body : isXml ? errorXml(body) : JSON.stringify(body);
    response.sendDate = false;
    response.writeHead(status, {
      date: new Date(dateMs()).toUTCString(),
      'content-type': isXml ? 'text/xml' : 'application/json',
      'x-amzn-errortype': status === 200 ? '' : `${Object(body).__type}`,
    });
    response.end(content);
  });
}

const errorXml = (body: unknown): string => {
  const { __type: name, message } = z.object({ __type: z.string(), message: z.string() }).parse(body);
  return `<ErrorResponse><Error><Type>Sender</Type><Code>${name}</Code><Message>${message}</Message></Error></ErrorResponse>`;
};

/** The three protocols name the action in a header, in the form, or by the path. */
function actionIn({ headers, url = '' }: IncomingMessage, body: string): { action: string; input?: unknown } {
  const target = headers['x-amz-target'];
  if (target !== undefined) return { action: `${target}`.split('.').at(-1) ?? '', input: JSON.parse(body) };
  const form = new URLSearchParams(body).get('Action');
  if (form !== null) return { action: form };
  const [, mapping] = /^\/2015-03-31\/event-source-mappings\/([^/]+)/.exec(url) ?? [];
  if (mapping !== undefined) return { action: 'GetEventSourceMapping', input: mapping };
  const [, name] = /^\/2015-03-31\/functions\/([^/]+)\/configuration/.exec(url) ?? [];
  if (name !== undefined) return { action: 'GetFunctionConfiguration', input: name };
  if (url.startsWith('/2016-08-19/account-settings')) return { action: 'GetAccountSettings' };
  if (url.startsWith('/v3/')) return { action: 'hosted' };
  return { action: url === '/' ? 'root' : 'wrongPath' };
}
