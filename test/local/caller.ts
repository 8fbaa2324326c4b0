import { Buffer } from 'node:buffer';
import { setTimeout } from 'node:timers/promises';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { chunksOf } from '../../functions/core/parallel.ts';
import { NAMES } from '../../local/aws/resources.ts';
import type { Instance } from '../../local/description.ts';
import { takingTurns } from '../../local/lambda/invoke.ts';
import { postEvents } from '../world/events.ts';

const Reply = z.object({
  ret_code: z.literal(0),
  token_accounts: z.array(z.object({ account_list: z.array(z.object({ account: z.string() })) })).optional(),
  account_tokens: z.array(z.object({ token_list: z.array(z.string()) })).optional(),
});

const AT_ONCE = 64;

/** Calls a local instance over HTTP, as an auth backend and as a client of the XG Account API. */
export class Caller {
  readonly #instance: Instance;
  readonly #inTurn = takingTurns(AT_ONCE);

  constructor(instance: Instance) {
    this.#instance = instance;
  }

  /** Sends one signed event of the time `ms`. Returns the status. */
  send(type: string, data: object, ms = Date.now()): Promise<number> {
    const { url, sources } = this.#instance;
    return this.#inTurn(() => postEvents({ url, source: sources[0] }, [[type, data]], ms));
  }

  /** Returns the ids of the accounts of each token, newest binding first. */
  async accountsOf(app: string, tokens: readonly string[]): Promise<string[][]> {
    const found: string[][] = [];
    for (const some of chunksOf(tokens, 100)) {
      const reply = await this.#query(app, { operator_type: 2, token_list: some });
      found.push(...(reply.token_accounts ?? []).map((entry) => entry.account_list.map(({ account }) => account)));
    }
    return found;
  }

  /** Returns the tokens of an account of type 0, newest binding first. */
  async tokensOf(app: string, account: string): Promise<string[]> {
    const reply = await this.#query(app, { operator_type: 1, account_list: [{ account, account_type: 0 }] });
    return reply.account_tokens?.[0]?.token_list ?? [];
  }

  async #query(app: string, question: object): Promise<z.infer<typeof Reply>> {
    const secret = this.#instance.apps.find(({ id }) => id === app)?.secretKey;
    const authorization = `Basic ${Buffer.from(`${app}:${secret}`).toString('base64')}`;
    const body = JSON.stringify(question);
    const url = `${this.#instance.url}/v3/device/account/query`;
    const response = await fetch(url, { method: 'POST', headers: { authorization }, body });
    return Reply.parse(await response.json());
  }

  /** Resolves when the operations queue is empty, in-flight messages included. */
  async idle(): Promise<void> {
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    const client = new SQSClient({ endpoint: this.#instance.sqs, region: 'us-east-1', credentials });
    const QueueUrl = `${this.#instance.sqs}/000000000000/${NAMES.operations}`;
    const attributes = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] });
    for (let isIdle = false; !isIdle; ) {
      const { Attributes = {} } = await client.send(attributes);
      isIdle = (['', 'NotVisible', 'Delayed'] as const).every(
        (kind) => Attributes[`ApproximateNumberOfMessages${kind}`] === '0',
      );
      if (!isIdle) await setTimeout(50);
    }
    client.destroy();
  }
}
