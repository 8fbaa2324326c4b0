import type { OperateRequest } from '../../../functions/account-api/wire/operate.ts';
import { OperationsMessage } from '../../../functions/core/operation.ts';
import type { Delivery, MessageResult } from '../../../functions/lambda/message.ts';
import { retryAfter } from '../../../functions/mirror/calls.ts';
import type { Hosted } from '../../../functions/mirror/hosted.ts';
import type { Mirrors } from '../../../functions/operations/messages.ts';
import type { Process } from '../network.ts';
import { digest, type MirrorQueues } from './queues.ts';
import { CHAT, hostedAccount } from './scene.ts';
import { type MirrorSite, workerOf } from './site.ts';

/**
 * The opposite of a mirror: each operation is sent on, in order, until it is accepted. Here for comparison, in place of
 * site.ts.
 */
export function marksOf(queues: MirrorQueues, process: Process): Mirrors {
  const mark: Mirrors['mark'] = async (applied) => {
    const hash = await digest();
    const own = applied.filter(({ operation }) => operation.app === CHAT);
    const entries = own.map(({ id, operation }) => {
      const body = JSON.stringify({ v: 1, id, operations: [operation] } satisfies OperationsMessage);
      const about = 'token' in operation ? operation.token : JSON.stringify(operation.account);
      return { body, group: hash(about), deduplication: hash(JSON.stringify(operation)) };
    });
    await queues.send(process, entries);
  };
  return { apps: new Set([CHAT]), mark };
}

export function mirrorWorkers(site: MirrorSite): () => void {
  return workerOf(site, 'mirror', site.queues.marks, async ({ hosted }, deliveries) => {
    const settled: MessageResult[] = [];
    for (const delivery of deliveries) settled.push(await relay(hosted, delivery));
    return settled;
  }).look;
}

async function relay(hosted: Hosted, { body }: Delivery): Promise<MessageResult> {
  const message = OperationsMessage.safeParse(JSON.parse(body));
  for (const operation of message.data?.operations ?? []) {
    const answer = await hosted.operate(requestOf(operation));
    const isDone = answer.kind === 'answered' && !answer.results.includes('unavailable');
    if (!isDone && answer.kind !== 'unavailable') return { kind: 'retry', reason: answer.kind };
    if (answer.kind === 'unavailable') return retryAfter(answer);
  }
  return message.success ? { kind: 'done' } : { kind: 'retry', reason: 'unreadable' };
}

function requestOf(operation: OperationsMessage['operations'][number]): OperateRequest {
  switch (operation.kind) {
    case 'unbindAccountFromAll':
      return { kind: operation.kind, accounts: [hostedAccount(operation.account)] };
    case 'unbindTokenFromAll':
      return { kind: operation.kind, tokens: [operation.token] };
    case 'endSession':
    case 'endAccountSession':
    case 'unbindAccountFromOthers':
      // The wire knows no sessions. A relay without a registry cannot tell what a session has bound: it unbinds all.
      return 'token' in operation
        ? { kind: 'unbindTokenFromAll', tokens: [operation.token] }
        : { kind: 'unbindAccountFromAll', accounts: [hostedAccount(operation.account)] };
  }
  const elements = [{ token: operation.token, accounts: operation.accounts.map(hostedAccount) }];
  return { kind: operation.kind, elements };
}
