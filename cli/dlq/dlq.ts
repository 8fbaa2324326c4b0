import { UserError } from '../../local/user-error.ts';
import { argumentsOf, runCommand } from '../command.ts';
import { blockOf, countOf, queueName } from './block.ts';
import { listAsJson, listOf, nothingIn, remarksOn } from './list.ts';
import {
  commandIn,
  DLQ_OPTIONS,
  type DlqCommand,
  type DlqValues,
  numberIn,
  type Selection,
  selectionIn,
} from './options.ts';
import { HOLD_S, type Looked, withParked } from './parked-queue.ts';
import { operationsQueueOf, QUEUE_HELP, type Queues, queuesOf } from './queues.ts';
import { holdFor, reasonLines, redrive, redriveLines } from './redrive.ts';

const HELP = `npm run dlq -- list | show | redrive | purge [options]

What could not be applied: operations that were parked with a reason, and messages that SQS set aside after too many
receives (dead letters).

  list     how many there are of each reason, how old, of what kind and for which apps
  show     each message; accounts and tokens only with --reveal: they are personal data
  redrive  sends messages to the operations queue again, then takes them from the parked one. Copies and late
           arrivals change nothing. Without --yes it only says what it would do
  purge    deletes messages: what they hold is never applied. Without --yes it only says what it would do

  --reason TEXT      only messages with this reason, as list spells it; dead-letter for dead letters
  --older-than DAYS  only messages that were sent longer ago
  --limit N          the first N of them that are found (1000)
  --rate N           redrive: at most N a second (10)
  --reveal           show: with accounts, tokens and unreadable bodies
  --json             list: one line of JSON, for programs
  --yes              redrive, purge: do it
${QUEUE_HELP}
  --help             this text

Without queues, those of the instance started from this directory; with them, your own AWS credentials are used.
A queue can only be read by receiving: messages are hidden from others for the moment that they are looked at, and
each look counts as a receive. A very large queue is looked at in part, and the answer says so.`;

type Asked = {
  readonly values: DlqValues;
  readonly selection: Selection;
  readonly queues: Queues;
  readonly signal: AbortSignal;
};
const RATE = 10;
const DRY = 'Nothing was changed: add --yes to do it.';

/** What each command answers, when what it looked at has been given back. */
const COMMANDS: Readonly<Record<DlqCommand, (asked: Asked) => Promise<string[]>>> = {
  async list(asked) {
    const name = queueName(asked.queues.parked.url);
    const looked = await lookAt(asked);
    if (asked.values.json) return [listAsJson(name, looked)];
    return [...listOf(name, looked, Date.now()), ...remarksOn(looked)];
  },

  async show(asked) {
    const looked = await lookAt(asked);
    const blocks = looked.found.flatMap((message) => blockOf(message, asked.values.reveal ?? false));
    return [...(blocks.length > 0 ? blocks : [nothingIn(queueName(asked.queues.parked.url))]), ...remarksOn(looked)];
  },

  async redrive({ values, selection, queues, signal }) {
    const { parked } = queues;
    const rate = numberIn('rate', values.rate) ?? RATE;
    const holdS = values.yes ? holdFor(selection.limit, rate) : HOLD_S;
    const operationsUrl = await operationsQueueOf(queues);
    return withParked(parked, { ...selection, holdS, signal }, async (looked, remove) => {
      const { found: messages } = looked;
      const lines = (verb: string) => [...redriveLines(verb, messages, parked, operationsUrl), ...remarksOn(looked)];
      if (!values.yes) return [...lines('would go to'), DRY];
      const onProgress = progressOf(messages.length);
      await redrive({ parked, operationsUrl, messages, remove, rate, signal, onProgress });
      return lines('went to');
    });
  },

  async purge({ values, selection, queues: { parked }, signal }) {
    return withParked(parked, { ...selection, holdS: HOLD_S, signal }, async (looked, remove) => {
      const what = `deleted from ${queueName(parked.url)}`;
      const rest = [...reasonLines(looked.found), ...remarksOn(looked)];
      if (!values.yes) return [`${countOf(looked.found.length)} would be ${what}`, ...rest, DRY];
      await remove(looked.found);
      return [`${countOf(looked.found.length)} ${what}`, ...rest];
    });
  },
};

const lookAt = ({ selection, queues, signal }: Asked): Promise<Looked> =>
  withParked(queues.parked, { ...selection, holdS: HOLD_S, signal }, async (looked) => looked);

/** Says on standard error how far a long redrive has come. */
const progressOf = (total: number) => (sent: number) => {
  if (sent % 100 === 0 && sent < total) console.warn(`${sent} of ${total}`);
};

/** Where a signal comes, what was looked at is given back before the process ends; a second one ends it at once. */
function stopOnSignal(): AbortSignal {
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stopping.abort(new UserError('stopped')));
  return stopping.signal;
}

// Whoever reads, such as `head`, may have enough. By then everything is done.
process.stdout.on('error', () => process.exit());

const signal = stopOnSignal();
await runCommand(async () => {
  const { values, positionals } = argumentsOf({ options: DLQ_OPTIONS, allowPositionals: true });
  if (values.help) {
    process.stdout.write(`${HELP}\n`);
    return;
  }
  const command = commandIn(positionals, values);
  const selection = selectionIn(values, Date.now());
  for (const line of await COMMANDS[command]({ values, selection, queues: queuesOf(values), signal }))
    process.stdout.write(`${line}\n`);
});
// What a shell says of a process that an interrupt ended.
if (signal.aborted) process.exitCode = 130;
