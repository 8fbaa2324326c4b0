import type { APIGatewayProxyEventV2 as HttpEvent } from 'aws-lambda';
import { type HttpDoor, TIMEOUT_S } from '../../infra/settings.ts';
import { CONTEXT, type Deployment, type DeploymentOptions, deploy } from './deployment.ts';
import { findings, type OnFinding } from './finding.ts';
import { type Ledger, ledger } from './ledger.ts';
import { born, type Surroundings } from './network.ts';

type HttpCall = {
  readonly door: HttpDoor;
  readonly path: string;
  readonly headers: () => Record<string, string>;
  readonly body: string;
};

export type DoorAnswer = {
  readonly requestId: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
  /** When the request came to the door, and when the door gave the answer (ms). */
  readonly from: number;
  readonly at: number;
  /** True if the store was unavailable to the door at any time. */
  readonly sawStoreFail: boolean;
};

/** Observers of a call: each request that reaches a door, each answer a door gives, received or not. */
type Notes = {
  readonly onRequest?: (requestId: string) => void;
  readonly onAnswer?: (answer: DoorAnswer) => void;
};

/** A call of a door. Returns the answer, or nothing where none came in time. */
export type Call = (call: HttpCall, notes?: Notes) => Promise<DoorAnswer | undefined>;

/** How long a caller waits (ms): longer than a door may take. */
const PATIENCE_MS = 20_000;

/** HTTP between callers and doors: requests and answers are lost, repeated, and come late. */
function gateway(surroundings: Surroundings, { doors }: Deployment): Call {
  const { timeline, random, faults } = surroundings;
  let requests = 0;

  const serve = async (call: HttpCall, requestId: string): Promise<DoorAnswer> => {
    const [process, from] = [born(), timeline.now()];
    timeline.after(TIMEOUT_S[call.door] * 1000, process.die);
    const all = doors(process);
    const event = eventOf(call, requestId, random.chance(0.2));
    const result = await Promise.race([all[call.door](event, CONTEXT), process.death]);
    const { statusCode = 502, headers: given = {}, body: text = '' } = result === 'dead' ? {} : result;
    if (faults.strike('process freezes after its answer')) process.die();
    const sawStoreFail = all.sawStoreFail();
    return { requestId, status: statusCode, headers: given, body: text, from, at: timeline.now(), sawStoreFail };
  };

  /** One copy of a request, on its way to a door for that long. */
  const deliver = async (call: HttpCall, notes: Notes, travelMs: number): Promise<DoorAnswer> => {
    const requestId = `request-${requests++}`;
    await timeline.sleep(travelMs);
    notes.onRequest?.(requestId);
    const answer = await serve(call, requestId);
    notes.onAnswer?.(answer);
    return answer;
  };

  return async (call, notes = {}) => {
    if (faults.strike('caller loses a request')) return timeline.sleep(PATIENCE_MS).then(() => undefined);
    const lateMs = faults.strike('caller is late') ? random.logUniform(1_000, 600_000) : 0;
    const travelMs = random.logUniform(1, 50) + lateMs;
    if (faults.strike('caller repeats')) void deliver(call, notes, travelMs + random.logUniform(1, 60_000));
    const answer = await Promise.race([deliver(call, notes, travelMs), timeline.sleep(PATIENCE_MS)]);
    if (answer === undefined) return undefined;
    const isLost = faults.strike('caller loses an answer');
    await timeline.sleep(isLost ? PATIENCE_MS : random.logUniform(1, 50));
    return isLost ? undefined : answer;
  };
}

const eventOf = ({ path, headers, body }: HttpCall, requestId: string, isBase64Encoded: boolean): HttpEvent => ({
  version: '2.0',
  routeKey: '$default',
  rawPath: path,
  rawQueryString: '',
  headers: headers(),
  requestContext: {
    accountId: '000000000000',
    apiId: 'api',
    domainName: 'api.example.com',
    domainPrefix: 'api',
    http: { method: 'POST', path, protocol: 'HTTP/1.1', sourceIp: '192.0.2.1', userAgent: 'sim' },
    requestId,
    routeKey: '$default',
    stage: '$default',
    time: '',
    timeEpoch: 0,
  },
  body: isBase64Encoded ? Buffer.from(body, 'utf8').toString('base64') : body,
  isBase64Encoded,
});

/** The surroundings that all callers of the doors share. */
export type Caller = Surroundings & {
  readonly call: Call;
  readonly ledger: Ledger;
  readonly onFinding: OnFinding;
  readonly deployment: Pick<Deployment, 'truth'>;
};

/** A deployment and what its callers share, with the findings of all. */
export function calledDeployment(surroundings: Surroundings, options: DeploymentOptions = {}, found = findings()) {
  const called = { ...surroundings, ...found, ledger: ledger(found.onFinding, () => deployment.truth) };
  const deployment: Deployment = deploy(called, options);
  return { ...called, deployment, call: gateway(surroundings, deployment) };
}
