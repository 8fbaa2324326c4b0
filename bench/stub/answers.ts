import { createHash } from 'node:crypto';

/** Answers one call through `reply`. A long poll replies later, every other call at once. */
export type Answer = (body: string, reply: (json: string, status?: number) => void) => void;

/**
 * Queues and tables in memory, without visibility timeouts, conditions or anything else that no benchmark needs. A table
 * whose name begins with `empty` drops every write. The table `full` has a document for every token: it is bound to the
 * account `someone`, which has `FULL_TOKENS` tokens.
 */
export function stubAnswers(): ReadonlyMap<string, Answer> {
  return new Map([...queueAnswers(), ...tableAnswers(), ['GetSecretValue', secretAnswer]]);
}

/** The number of tokens of `someone` in the table `full`. */
export const FULL_TOKENS = 10;

const md5 = (text: string) => createHash('md5').update(text).digest('hex');

type Queue = { readonly bodies: { body: string; sentMs: number }[]; readonly waiting: (() => void)[] };

function queueAnswers(): [string, Answer][] {
  const queues = new Map<string, Queue>();
  const queueAt = (url: string): Queue => {
    const queue = queues.get(url) ?? { bodies: [], waiting: [] };
    queues.set(url, queue);
    return queue;
  };
  let received = 0;
  const receiveFrom = ({ bodies }: Queue, most: number) => ({
    Messages: bodies.splice(0, most).map(({ body, sentMs }) => ({
      MessageId: `${received}`,
      ReceiptHandle: `${received++}`,
      Body: body,
      MD5OfBody: md5(body),
      Attributes: { ApproximateReceiveCount: '1', SentTimestamp: `${sentMs}` },
    })),
  });
  const send: Answer = (body, reply) => {
    const { MessageBody, QueueUrl, DelaySeconds = 0 } = JSON.parse(body);
    reply(JSON.stringify({ MessageId: '0', MD5OfMessageBody: md5(MessageBody) }));
    if (QueueUrl.endsWith('/forgetful')) return;
    const [queue, sentMs] = [queueAt(QueueUrl), Date.now()];
    setTimeout(() => {
      queue.bodies.push({ body: MessageBody, sentMs });
      queue.waiting.shift()?.();
    }, DelaySeconds * 1000);
  };
  const receive: Answer = (body, reply) => {
    const { QueueUrl, MaxNumberOfMessages = 1, WaitTimeSeconds = 0 } = JSON.parse(body);
    const queue = queueAt(QueueUrl);
    const answer = () => reply(JSON.stringify(receiveFrom(queue, MaxNumberOfMessages)));
    if (queue.bodies.length > 0 || WaitTimeSeconds === 0) return answer();
    const woken = () => {
      clearTimeout(over);
      answer();
    };
    const over = setTimeout(() => {
      queue.waiting.splice(queue.waiting.indexOf(woken), 1);
      answer();
    }, WaitTimeSeconds * 1000);
    queue.waiting.push(woken);
  };
  const remove: Answer = (_, reply) => reply('{"Successful":[],"Failed":[]}');
  return [
    ['SendMessage', send],
    ['ReceiveMessage', receive],
    ['DeleteMessageBatch', remove],
  ];
}

type Item = Record<string, Record<string, unknown>>;
type Key = { readonly pk: { readonly S: string }; readonly sk: { readonly S: string } };

function tableAnswers(): [string, Answer][] {
  const items = new Map<string, Item>();
  const name = ({ pk, sk }: Key) => `${pk.S}\n${sk.S}`;
  const found = (table: string, key: Key) => (table === 'full' ? documentFor(key) : items.get(name(key)));
  const get: Answer = (body, reply) => {
    const { TableName, Key } = JSON.parse(body);
    reply(JSON.stringify({ Item: found(TableName, Key) }));
  };
  const batchGet: Answer = (body, reply) => {
    const requests: [string, { Keys: Key[] }][] = Object.entries(JSON.parse(body).RequestItems);
    const Responses = Object.fromEntries(
      requests.map(([table, { Keys }]) => [table, Keys.flatMap((key) => found(table, key) ?? [])]),
    );
    reply(JSON.stringify({ Responses, UnprocessedKeys: {} }));
  };
  /** Every value of an update is named like its attribute. */
  const update: Answer = (body, reply) => {
    const { TableName, Key, ExpressionAttributeValues } = JSON.parse(body);
    const values = Object.entries<Item[string]>(ExpressionAttributeValues).map(([name, value]) => [
      name.slice(1),
      value,
    ]);
    if (!TableName.startsWith('empty')) items.set(name(Key), { ...Key, ...Object.fromEntries(values) });
    reply('{}');
  };
  /** Attributes and values stand in the same order, and an update ends with its key and the value it compares. */
  const executeBatch: Answer = (body, reply) => {
    const { Statements }: { Statements: { Statement: string; Parameters: Item[string][] }[] } = JSON.parse(body);
    const Responses = Statements.map(({ Statement, Parameters }) => {
      const [, table = ''] = Statement.split('"');
      const isInsert = Statement.startsWith('INSERT');
      const names = [...Statement.matchAll(isInsert ? /'(\w+)': \?/g : /"(\w+)"[=<]\?/g)].map(([, name = '']) => name);
      const values = names.map((name, i): [string, Item[string]] => [name, Parameters[i] ?? {}]);
      const item = Object.fromEntries(isInsert ? values : values.slice(0, -1));
      // The benchmark's own statements name both keys.
      if (!table.startsWith('empty')) items.set(name(item as Key & Item), item);
      return { TableName: table };
    });
    reply(JSON.stringify({ Responses }));
  };
  return [
    ['BatchExecuteStatement', executeBatch],
    ['GetItem', get],
    ['BatchGetItem', batchGet],
    ['UpdateItem', update],
    ['Query', (_, reply) => reply(POINTERS)],
  ];
}

/** The time part of a stamp, in the form that events make. */
const MOMENT = '1700000000000.1.0123456789abcdef.000';

const documentFor = ({ pk, sk }: Key): Item | undefined =>
  sk.S !== 'D'
    ? undefined
    : {
        pk,
        sk,
        version: { N: '1700000000000' },
        clear: { M: { '*': { S: `${MOMENT}.0` } } },
        edges: { M: { '0#someone': { S: `${MOMENT}.1.00` } } },
      };

const POINTERS = JSON.stringify({
  Items: Array.from({ length: FULL_TOKENS }, (_, i) => ({
    pk: { S: 'A#shop#0#someone' },
    sk: { S: `T#token-${i}` },
    edge: { S: `${MOMENT}.1.00` },
  })),
  Count: FULL_TOKENS,
});

/** Answers a secret's name as its text. Like most secrets, none has a previous version. */
const secretAnswer: Answer = (body, reply) => {
  const { SecretId, VersionStage } = JSON.parse(body);
  if (VersionStage !== 'AWSCURRENT') reply('{"__type":"ResourceNotFoundException"}', 400);
  else reply(JSON.stringify({ Name: SecretId, SecretString: SecretId, VersionStages: ['AWSCURRENT'] }));
};
