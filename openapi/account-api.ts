import { type Endpoint, PATHS } from '../functions/account-api/wire/endpoint.ts';
import { type Problem, STATUSES } from '../functions/account-api/wire/statuses.ts';
import { failures, OPERATE, QUERY } from './account-api-examples.ts';
import { GATEWAY } from './gateway.ts';
import { json, ref, type Schema } from './schemas.ts';

/** The meaning of each failure that has an HTTP status of its own. Clients read a body on 200 only. */
const FAILURES = {
  notAuthenticated: 'There is no credential, or it does not match.',
  unknownPath: 'The path is unknown.',
  notPost: 'The method is not POST.',
  tooLarge: 'The body is larger than 256 KiB.',
  unavailable: 'It may or may not have been accepted: send it again, after `Retry-After` seconds.',
} as const satisfies Partial<Record<Problem, string>>;

const HEADERS: Readonly<Partial<Record<Problem, Schema>>> = {
  notPost: { allow: { schema: { const: 'POST' } } },
  unavailable: { 'retry-after': { description: 'Seconds.', schema: { type: 'integer' } } },
};

const PROBLEMS = ['notAuthenticated', 'unknownPath', 'notPost', 'tooLarge', 'unavailable'] as const;

function failureResponses(endpoint: Endpoint, name: 'Operate' | 'Query'): Schema {
  const schema = {
    anyOf: [ref('schemas', 'Unspoken'), ref('schemas', `Xg${name}Reply`), ref('schemas', `Tpns${name}Reply`)],
  };
  const responses = PROBLEMS.map((problem) => {
    const headers = HEADERS[problem];
    const content = json(schema, failures(endpoint, problem));
    return [STATUSES[problem].http, { description: FAILURES[problem], ...(headers && { headers }), content }];
  });
  return { ...Object.fromEntries(responses), ...GATEWAY };
}

const body = (name: string, examples: Readonly<Record<string, unknown>>): Schema =>
  json({ anyOf: [ref('schemas', `Xg${name}`), ref('schemas', `Tpns${name}`)] }, examples);

const security = [{ basic: [] }, { accessId: [], timeStamp: [], sign: [] }];
const tags = ['Account API'];

const ONE_DIALECT = 'The app of the credential decides the dialect, whatever the body contains.';

const batchoperate: Schema = {
  operationId: 'batchoperate',
  summary: 'Bind accounts to tokens, or unbind them',
  description: `${ONE_DIALECT} A request is either refused as a whole, with HTTP 200 and a code, or each element has its own result.`,
  tags,
  security,
  requestBody: { required: true, content: body('OperateRequest', OPERATE.requests) },
  responses: {
    200: {
      description: 'Code 0: the operations are durable. Another code: the request was refused.',
      headers: {
        'bindery-outcome': {
          description:
            '`applied`: the next query sees the change. `superseded`: something that was to be removed is still bound, or something that was to be bound is not. `durable`: the change is on the queue, or it is not known what it has left. Absent if the request was refused.',
          schema: { enum: ['applied', 'superseded', 'durable'] },
        },
      },
      content: body('OperateReply', OPERATE.replies),
    },
    ...failureResponses('operate', 'Operate'),
  },
};

const query: Schema = {
  operationId: 'query',
  summary: 'Return the tokens of accounts, or the accounts of tokens',
  description: `${ONE_DIALECT} A query sees every change that was applied before it.`,
  tags,
  security,
  requestBody: { required: true, content: body('QueryRequest', QUERY.requests) },
  responses: {
    200: {
      description: 'Code 0: the bindings. Another code: the request was refused.',
      headers: {
        'bindery-more': {
          description:
            'Accounts that may have more tokens than are shown, as places in `account_list` counted from 0 and joined with commas. Absent if all tokens are shown.',
          schema: { type: 'string', pattern: '^[0-9]+(,[0-9]+)*$' },
        },
      },
      content: body('QueryReply', QUERY.replies),
    },
    ...failureResponses('query', 'Query'),
  },
};

export const ACCOUNT_API_PATHS: Schema = {
  [PATHS.operate]: { post: batchoperate },
  [PATHS.query]: { post: query },
};

const header = (name: string, description: string): Schema => ({ type: 'apiKey', in: 'header', name, description });

export const ACCOUNT_API_SECURITY: Schema = {
  basic: { type: 'http', scheme: 'basic', description: "The app's id and its secret." },
  accessId: header('AccessId', "The app's id."),
  timeStamp: header('TimeStamp', 'Seconds since 1970, in ten digits, within 600 seconds of our clock.'),
  sign: header(
    'Sign',
    'Base64 of the lower-case hexadecimal HMAC-SHA256 of TimeStamp, AccessId and the bytes of the body, one after the other, with the secret as the key.',
  ),
};
