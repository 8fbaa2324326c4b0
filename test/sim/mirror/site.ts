import type { SQSRecord } from 'aws-lambda';
import { mirrorLog } from '../../../functions/aws/mirrors.ts';
import { checksQueue, marksQueue, mirrorMarks, postponeIn } from '../../../functions/aws/queues.ts';
import { MIRROR_EXECUTIONS } from '../../../functions/core/configuration.ts';
import type { Delivery, MessageResult } from '../../../functions/lambda/message.ts';
import { sqsDoor } from '../../../functions/lambda/sqs.ts';
import { breaker, guarded, type Hosted, pace } from '../../../functions/mirror/hosted.ts';
import type { MirrorPorts } from '../../../functions/mirror/ports.ts';
import { pushMessages } from '../../../functions/mirror/push.ts';
import type { MirrorStore } from '../../../functions/mirror/state.ts';
import { verifyMessages } from '../../../functions/mirror/verify.ts';
import { CONTEXT, type Deployment } from '../deployment.ts';
import { eventSource } from '../event-source.ts';
import { hostileMirrorStore, hostileStore, type OnState } from '../hostile-store.ts';
import type { Process, Surroundings } from '../network.ts';
import type { HostedNetwork } from './hosted-network.ts';
import { CHECKS_URL, digest, MARKS_URL, MIRROR_TIMEOUT_S, type MirrorQueues } from './queues.ts';
import { CHAT, type MirrorScene } from './scene.ts';

export type MirrorSite = Surroundings & {
  readonly scene: MirrorScene;
  readonly deployment: Deployment;
  readonly queues: MirrorQueues;
  readonly states: MirrorStore;
  readonly network: HostedNetwork;
  /** Called with each state that a process of `verify` writes, and the time of its last query of the hosted API (ms). */
  readonly onVerified: (askedAt: number, ...parameters: Parameters<OnState>) => void;
  readonly onPushed: OnState;
  /** Called for each process that ended well, and for each that could not write its state after a push. */
  readonly onEnded: (process: Process) => void;
  readonly onUnwritten: (process: Process) => void;
};

type Work = (ports: MirrorPorts, deliveries: readonly Delivery[]) => Promise<MessageResult[]>;

/** The marks that `apply` makes, through the queue as one of its processes reaches it. */
export const marksOf = (queues: MirrorQueues, process: Process) =>
  mirrorMarks({ client: queues.client(process), queueUrls: { [CHAT]: MARKS_URL }, digest });

/** The mirror's two workers, each behind its event source. A call of the returned function makes both look at their queues. */
export function mirrorWorkers(site: MirrorSite): () => void {
  const sources = [
    workerOf(site, 'mirror', site.queues.marks, (ports, all) => pushMessages(new Map([[CHAT, ports]]), all)),
    workerOf(site, 'verify', site.queues.checks, (ports, all) => verifyMessages(new Map([[CHAT, ports]]), all)),
  ];
  return () => {
    for (const { look } of sources) look();
  };
}

/** A worker behind the real door and an event source; each execution keeps its breaker until it dies. */
export function workerOf(site: MirrorSite, stage: string, queue: MirrorQueues['marks' | 'checks'], work: Work) {
  const idle: Guard[] = [];
  return eventSource(site, {
    queue,
    batchSize: 10,
    maxConcurrency: MIRROR_EXECUTIONS,
    timeoutMs: MIRROR_TIMEOUT_S * 1000,
    invoke: async (process, Records: SQSRecord[]) => {
      const guard = idle.pop() ?? guardOf(site);
      const ports = portsOf(site, process, guard, stage);
      const door = sqsDoor({
        stage,
        settle: (deliveries) => work(ports, deliveries),
        postpone: postponeIn(site.queues.client(process), []),
        log: site.deployment.log,
      });
      const answer = await door({ Records }, CONTEXT);
      // A process that has died never comes here: its knowledge of the hosted API is lost with it.
      idle.push(guard);
      site.onEnded(process);
      return answer;
    },
  });
}

/** The state that an execution keeps from one batch to the next. */
type Guard = (process: Process) => Hosted;

function guardOf({ timeline, random, network, scene, deployment }: MirrorSite): Guard {
  const one = breaker({ now: timeline.now, random: random.next });
  const paceMs = pace(scene.mirrored.mirror.callsPerS / MIRROR_EXECUTIONS, timeline.now);
  return (process) =>
    guarded({
      hosted: network.of(process),
      breaker: one,
      paceMs,
      pause: (ms) => timeline.sleep(ms).then(process.survives),
      note: mirrorLog(deployment.log, CHAT),
    });
}

function portsOf(site: MirrorSite, process: Process, guard: Guard, stage: string): MirrorPorts {
  const { queues, deployment, states, timeline } = site;
  const client = queues.client(process);
  const mark = marksQueue({ client, queueUrl: MARKS_URL, digest });
  const check = checksQueue(client, CHECKS_URL);
  let askedAt = 0;
  const hosted = guard(process);
  const onState: OnState = (...parameters) =>
    stage === 'verify' ? site.onVerified(askedAt, ...parameters) : site.onPushed(...parameters);
  return {
    app: site.scene.mirrored,
    registry: hostileStore(deployment.truth.store, site, process),
    states: hostileMirrorStore(states, site, process, { onState, onFailure: () => site.onUnwritten(process) }),
    hosted: {
      ...hosted,
      accountsOf: (tokens) => {
        askedAt = timeline.now();
        return hosted.accountsOf(tokens);
      },
    },
    mark: (marks) => mark(CHAT, marks),
    check: (cause, checks, delayS) => {
      const asked = check(CHAT, cause, checks, delayS);
      // A worker that could not ask for a verification writes no state: the mark comes again.
      asked.catch(() => site.onUnwritten(process));
      return asked;
    },
    now: deployment.clock(),
    note: mirrorLog(deployment.log, CHAT),
  };
}
