import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { on, once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { devNull } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import * as z from 'zod';

/**
 * Loads a bundle from its file and passes events to it, as Lambda's runtime does. Its console writes lines in Lambda's
 * format.
 */
const RUNNER = `
for (const level of ['debug', 'info', 'log', 'warn', 'error'])
  console[level] = (message) => process.stdout.write(JSON.stringify({ level, message }) + '\\n');
const { handler } = await import(process.argv[2]);
process.on('message', async ({ id, event, context, mark }) => {
  if (mark) return void [process.stdout, process.stderr].map((output) => output.write(mark + '\\n'));
  try {
    process.send({ id, reply: await handler(event, { ...context, getRemainingTimeInMillis: () => context.remainingMs }) });
  } catch (error) {
    process.send({ id, error: String(error) });
  }
});
process.send({ id: 'started' });
`;

const Reply = z.object({ id: z.string(), reply: z.unknown().optional(), error: z.string().optional() });
type Reply = z.infer<typeof Reply>;

export type FunctionProcess = {
  /** Rejects if the function throws. */
  readonly invoke: (event: unknown) => Promise<unknown>;
  /** Returns everything that the process has written to stdout and stderr until now, line by line. */
  readonly lines: () => Promise<string[]>;
  readonly stop: () => void;
};

type Launch = {
  readonly name: string;
  readonly timeoutS: number;
  readonly endpoint: string;
  readonly variables: Readonly<Record<string, string>>;
};

/** Starts a bundle in its own process. Its environment has the given variables and those that Lambda sets. */
export async function startFunction(
  bundle: string,
  { name, timeoutS, endpoint, variables }: Launch,
): Promise<FunctionProcess> {
  const runner = join(bundle, '../run.mjs');
  writeFileSync(runner, RUNNER);
  const env = { ...variables, ...environmentOf(name, endpoint) };
  const child = fork(runner, [bundle], { env, execArgv: [], stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  const lines = linesOf(child);
  await Promise.race([once(child, 'message'), once(child, 'exit')]);
  if (child.exitCode !== null)
    throw new Error(`the process of ${name} ended with code ${child.exitCode} before it started`);
  const context = { functionName: name, remainingMs: timeoutS * 1000 };
  return { invoke: (event) => invoke(child, event, context), lines, stop: () => void child.kill() };
}

/** Returns a reader of both outputs. It has the process write a mark and reads up to it: output can arrive after a reply. */
function linesOf(child: ChildProcess): () => Promise<string[]> {
  const lines: string[] = [];
  const outputs = [child.stdout, child.stderr].flatMap((output) => (output ? createInterface(output) : []));
  const marks = new Set<string>();
  for (const output of outputs) output.on('line', (line) => marks.has(line) || lines.push(line));
  return async () => {
    const mark = randomUUID();
    marks.add(mark);
    const marked = outputs.map(async (output) => {
      for await (const [line] of on(output, 'line')) if (line === mark) return;
    });
    child.send({ mark });
    await Promise.all(marked);
    return [...lines];
  };
}

/** The variables of Lambda that an AWS client reads. The id of the access key is the function's name, for the recorder. */
const environmentOf = (name: string, endpoint: string) => ({
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: name,
  AWS_SECRET_ACCESS_KEY: 'key',
  AWS_LAMBDA_FUNCTION_NAME: name,
  AWS_ENDPOINT_URL: endpoint,
  AWS_CONFIG_FILE: devNull,
  AWS_SHARED_CREDENTIALS_FILE: devNull,
});

function invoke(child: ChildProcess, event: unknown, context: { functionName: string }): Promise<unknown> {
  const id = randomUUID();
  return new Promise((resolve, reject) => {
    const settle = ({ reply, error }: Pick<Reply, 'reply' | 'error'>) => {
      child.off('message', receive).off('exit', fail);
      if (error === undefined) resolve(reply);
      else reject(new Error(error));
    };
    const receive = (message: unknown) => {
      const reply = Reply.parse(message);
      if (reply.id === id) settle(reply);
    };
    const fail = () => settle({ error: `the process of ${context.functionName} has ended` });
    child.on('message', receive).on('exit', fail);
    child.send({ id, event, context: { ...context, awsRequestId: id } });
  });
}
