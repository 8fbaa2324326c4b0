import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import * as z from 'zod';

const Value = z.record(z.string(), z.unknown());
const Item = z.record(z.string(), Value);

/** The limits are those of the API reference of BatchExecuteStatement. */
const Batch = z.object({
  Statements: z
    .array(
      z.object({
        Statement: z.string().min(1).max(8192),
        Parameters: z.array(Value).min(1),
        ReturnValuesOnConditionCheckFailure: z.enum(['ALL_OLD', 'NONE']).optional(),
      }),
    )
    .min(1)
    .max(25),
  ReturnConsumedCapacity: z.string().default('NONE'),
});
type Statement = z.infer<typeof Batch>['Statements'][number];

const Update = z.object({
  TableName: z.string(),
  Key: Item,
  ReturnValuesOnConditionCheckFailure: z.string().optional(),
});

type Answer = {
  readonly status: number;
  readonly body: { readonly __type?: unknown; readonly [name: string]: unknown };
};
type Ask = (action: string, body: string) => Promise<Answer>;

/**
 * Adds to an embedded DynamoDB what it lacks and the registry needs: `BatchExecuteStatement` with the two forms of
 * statement that the registry sends, and `ReturnValuesOnConditionCheckFailure` of `UpdateItem`. All other statements are
 * refused, so that a test fails if a statement changes its form.
 */
export const withStatements =
  (embedded: RequestListener): RequestListener =>
  (request, response) => {
    const added = ADDED[`${request.headers['x-amz-target']}`.split('.')[1] ?? ''];
    if (added === undefined || request.headers.authorization === undefined) return embedded(request, response);
    const ask = asking(embedded, request.headers);
    text(request)
      .then((body) => added(ask, body))
      .catch(() => refused('SerializationException', 'the body is not a request of this kind'))
      .then(({ status, body }) => response.writeHead(status, CONTENT).end(JSON.stringify(body)));
  };

const CONTENT = { 'content-type': 'application/x-amz-json-1.0' };

/** Runs further requests with the headers of the first one, in this process. */
const asking =
  (embedded: RequestListener, headers: IncomingMessage['headers']): Ask =>
  (action, body) =>
    new Promise((resolve) => {
      const target = { ...headers, 'x-amz-target': `DynamoDB_20120810.${action}` };
      const request = Object.assign(Readable.from([Buffer.from(body)]), { method: 'POST', url: '/', headers: target });
      const response = {
        statusCode: 200,
        setHeader: () => {},
        end: (answer: string) => resolve({ status: response.statusCode, body: JSON.parse(answer) }),
      };
      // dynalite uses these parts of the two objects, and no others.
      embedded(request as unknown as IncomingMessage, response as unknown as ServerResponse);
    });

const refused = (name: string, message: string): Answer => ({ status: 400, body: { __type: name, message } });

/** The name of an error; undefined if the answer is none. */
const errorIn = ({ body: { __type: type } }: Answer): string | undefined =>
  typeof type === 'string' ? type.split('#').at(-1) : undefined;

/** Updates an item. The item that failed the condition is read afterwards: another writer may have changed it since. */
async function updateItem(ask: Ask, body: string): Promise<Answer> {
  const answer = await ask('UpdateItem', body);
  if (errorIn(answer) !== 'ConditionalCheckFailedException') return answer;
  const { ReturnValuesOnConditionCheckFailure: returned, TableName, Key } = Update.parse(JSON.parse(body));
  if (returned !== 'ALL_OLD') return answer;
  const { body: read } = await ask('GetItem', JSON.stringify({ TableName, Key, ConsistentRead: true }));
  return { ...answer, body: { ...answer.body, ...read } };
}

async function batchExecuteStatement(ask: Ask, body: string): Promise<Answer> {
  const batch = Batch.safeParse(JSON.parse(body));
  if (!batch.success) return refused('ValidationException', z.prettifyError(batch.error));
  const { Statements, ReturnConsumedCapacity } = batch.data;
  const writes = Statements.map(writeOf);
  const keys = writes.flatMap((write) => (write ? [JSON.stringify([write.table, write.key])] : []));
  if (new Set(keys).size < keys.length)
    return refused('ValidationException', 'Provided list of item keys contains duplicates');
  const answers = await Promise.all(
    writes.map((write) => write && updateItem(ask, JSON.stringify({ ...write.input, ReturnConsumedCapacity }))),
  );
  const Responses = writes.map((write, i) => responseTo(write, answers[i]));
  // AWS bills a write that fails its condition; dynalite reports nothing of it.
  const failure = (i: number) => ({ TableName: writes[i]?.table, CapacityUnits: 1 });
  const consumed = answers.flatMap((answer, i) => (answer ? [answer.body['ConsumedCapacity'] ?? failure(i)] : []));
  return { status: 200, body: { Responses, ...(ReturnConsumedCapacity !== 'NONE' && { ConsumedCapacity: consumed }) } };
}

const ADDED: Readonly<Record<string, (ask: Ask, body: string) => Promise<Answer>>> = {
  BatchExecuteStatement: batchExecuteStatement,
  UpdateItem: updateItem,
};

/** A statement as a conditional update of one item. */
type Write = {
  readonly table: string;
  readonly key: object;
  readonly isInsert: boolean;
  readonly input: Record<string, unknown>;
};

const INSERT = /^INSERT INTO "([\w.-]{3,255})" VALUE \{('\w+': \?(?:, '\w+': \?)*)\}$/;
const UPDATE =
  /^UPDATE "([\w.-]{3,255})"((?: SET "\w+"=\?)+)((?: REMOVE "\w+")*) WHERE "pk"=\? AND "sk"=\? AND "(\w+)"([=<])\?$/;

const namesIn = (part = ''): string[] => [...part.matchAll(/['"](\w+)['"]/g)].map(([, name = '']) => name);

/** Returns the write; undefined if the statement has another form, or not a parameter for each question mark. */
function writeOf({ Statement, Parameters, ...options }: Statement): Write | undefined {
  const isInsert = Statement.startsWith('INSERT');
  const [, table = '', sets, removes, tested, operator] = (isInsert ? INSERT : UPDATE).exec(Statement) ?? [];
  const named = [...namesIn(sets), ...(isInsert ? [] : ['pk', 'sk', 'tested'])];
  const values = new Map(named.map((name, i) => [name, Parameters[i]]));
  const [pk, sk] = [values.get('pk'), values.get('sk')];
  const isWhole = values.size === Parameters.length && named.length === Parameters.length;
  if (table === '' || !isWhole || pk === undefined || sk === undefined) return undefined;
  const set = namesIn(sets).filter((name) => !isInsert || (name !== 'pk' && name !== 'sk'));
  const remove = namesIn(removes);
  const names = [...set, ...remove, ...(tested === undefined ? [] : [tested])];
  const parts = [
    set.length > 0 ? `SET ${set.map((name) => `#${name} = :${name}`).join(', ')}` : '',
    remove.length > 0 ? `REMOVE ${remove.map((name) => `#${name}`).join(', ')}` : '',
  ];
  const condition = isInsert ? 'attribute_not_exists(pk)' : `attribute_exists(pk) AND #${tested} ${operator} :tested`;
  const expressed = [...set, ...(isInsert ? [] : ['tested'])].map((name) => [`:${name}`, values.get(name)]);
  const input = {
    TableName: table,
    Key: { pk, sk },
    UpdateExpression: parts.filter(Boolean).join(' '),
    ConditionExpression: condition,
    ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
    ExpressionAttributeValues: Object.fromEntries(expressed),
    ...(!isInsert && options),
  };
  return { table, key: { pk, sk }, isInsert, input };
}

/** The codes of the API reference (BatchStatementError) for the names of exceptions. */
const CODES: Readonly<Record<string, string>> = {
  ConditionalCheckFailedException: 'ConditionalCheckFailed',
  ProvisionedThroughputExceededException: 'ProvisionedThroughputExceeded',
  ResourceNotFoundException: 'ResourceNotFound',
  ValidationException: 'ValidationError',
};

function responseTo(write: Write | undefined, answer: Answer | undefined): object {
  if (write === undefined || answer === undefined)
    return { Error: { Code: 'ValidationError', Message: 'this stand-in does not take the statement' } };
  const name = errorIn(answer);
  if (name === undefined) return { TableName: write.table };
  const isDuplicate = write.isInsert && name === 'ConditionalCheckFailedException';
  const Code = isDuplicate ? 'DuplicateItem' : (CODES[name] ?? 'InternalServerError');
  const { message: Message, Item } = answer.body;
  return { Error: { Code, Message, ...(Item !== undefined && { Item }) }, TableName: write.table };
}
