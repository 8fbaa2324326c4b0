import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { on, once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { devNull } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import * as z from 'zod';

/** Loads a bundle from its file and hands it events, as the runtime does. Its console writes lines as Lambda frames them. */
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

const Said = z.object({ id: z.string(), reply: z.unknown().optional(), error: z.string().optional() });
type Said = z.infer<typeof Said>;

export type FunctionProcess = {
  /** Rejects with what the function threw. */
  readonly invoke: (event: unknown) => Promise<unknown>;
  /** Everything the process has written to either output until now, line by line. */
  readonly lines: () => Promise<string[]>;
  readonly stop: () => void;
};

type Launch = {
  readonly name: string;
  readonly timeoutS: number;
  readonly endpoint: string;
  readonly variables: Readonly<Record<string, string>>;
};

/** A bundle in a process of its own, which finds nothing in its environment but what is given and what Lambda gives. */
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
  if (child.exitCode !== null) throw new Error(`${name} did not start`);
  const context = { functionName: name, remainingMs: timeoutS * 1000 };
  return { invoke: (event) => invoke(child, event, context), lines, stop: () => void child.kill() };
}

/** Has the process mark the end of both outputs and reads up to there: what it wrote can arrive after its reply. */
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

/** What Lambda sets, as far as an AWS client reads it. Its calls are signed with the function's name as the key's id. */
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
    const settle = ({ reply, error }: Pick<Said, 'reply' | 'error'>) => {
      child.off('message', hear).off('exit', fail);
      if (error === undefined) resolve(reply);
      else reject(new Error(error));
    };
    const hear = (message: unknown) => {
      const said = Said.parse(message);
      if (said.id === id) settle(said);
    };
    const fail = () => settle({ error: `${context.functionName} has ended` });
    child.on('message', hear).on('exit', fail);
    child.send({ id, event, context: { ...context, awsRequestId: id } });
  });
}
