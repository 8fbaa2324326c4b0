import { type Command, command } from '../command.ts';
import { jsonOf, listOf, nothingIn, remarksOn } from './list.ts';
import { DLQ_OPTIONS, DLQ_WORDS, type DlqValues, rateIn, type Selection, selectionIn } from './options.ts';
import { HOLD_S, LONG_POLL_S, type SearchResult, withParked } from './parked-queue.ts';
import { countOf, operationsQueueOf, type Queues, queueName, queuesOf } from './queues.ts';
import { holdFor, reasonLines, redrive, redriveLines } from './redrive.ts';
import { blockOf } from './show.ts';

/** `pollS`: how long a receive waits for a message (s). */
export const dlq = (pollS = LONG_POLL_S): Command =>
  command({
    name: 'dlq',
    usage: `bindery dlq ${Object.keys(DLQ_WORDS).join(' | ')} [options]`,
    about:
      'Messages that could not be applied: operations that were parked with a reason, and messages that SQS set aside after too many receives (dead letters).',
    words: DLQ_WORDS,
    options: DLQ_OPTIONS,
    examples: [
      'bindery dlq list',
      'bindery dlq show --limit 1 --reveal',
      'bindery dlq redrive --reason dead-letter --yes',
      'bindery dlq list --stage prod --profile ops',
      'bindery dlq list --stage prod --source okta   # the events that could not be taken from its queue',
      'bindery dlq purge --older-than 7 --yes',
    ],
    notes: `Default of the queues: those of the instance started from this directory. With --stage or queues, your own AWS credentials are used.
A queue can only be read by receiving: messages are hidden from others while this command reads them, and each read counts as a receive. Of a very large queue only a part is read, and the answer says so.`,
    run: async ({ word, values }, terminal) => {
      const selection = selectionIn(values, Date.now());
      const queues = await queuesOf(values, terminal, pollS);
      const call = { values, selection, queues, signal: terminal.interrupt(), warn: terminal.warn };
      for (const line of await SUBCOMMANDS[word](call)) terminal.print(line);
      return 0;
    },
  });

type Call = {
  readonly values: DlqValues;
  readonly selection: Selection;
  readonly queues: Queues;
  readonly signal: AbortSignal;
  readonly warn: (text: string) => void;
};

/** The end of a dry run. A wrong --reason matches nothing, and --yes would not help. */
const dry = ({ found }: SearchResult): string =>
  found.length > 0
    ? 'Nothing was changed: add --yes to do it.'
    : 'No message matches: `bindery dlq list` prints what is there, by reason.';

/** Each returns its lines after it has given back all messages. */
const SUBCOMMANDS: Readonly<Record<keyof typeof DLQ_WORDS, (call: Call) => Promise<string[]>>> = {
  async list(call) {
    const name = queueName(call.queues.parked.url);
    const result = await searchIn(call);
    if (call.values.json) return [jsonOf(name, result)];
    return [...listOf(name, result, Date.now()), ...remarksOn(result)];
  },

  async show(call) {
    const result = await searchIn(call);
    const blocks = result.found.flatMap((message) => blockOf(message, call.values.reveal ?? false));
    return [...(blocks.length > 0 ? blocks : [nothingIn(queueName(call.queues.parked.url))]), ...remarksOn(result)];
  },

  async redrive({ values, selection, queues, signal, warn }) {
    const { parked } = queues;
    const rate = rateIn(values);
    const holdS = values.yes ? holdFor(selection.limit, rate) : HOLD_S;
    const operationsUrl = await operationsQueueOf(queues);
    return withParked(parked, { ...selection, holdS, signal }, async (result, remove) => {
      const { found: messages } = result;
      const lines = (verb: string) => [...redriveLines(verb, messages, parked, operationsUrl), ...remarksOn(result)];
      if (!values.yes) return [...lines('would go to'), dry(result)];
      const onProgress = (sent: number) => {
        if (sent % 100 === 0 && sent < messages.length) warn(`${sent} of ${messages.length}`);
      };
      await redrive({ parked, operationsUrl, messages, remove, rate, signal, onProgress });
      return lines('went to');
    });
  },

  async purge({ values, selection, queues: { parked }, signal }) {
    return withParked(parked, { ...selection, holdS: HOLD_S, signal }, async (result, remove) => {
      const what = `deleted from ${queueName(parked.url)}`;
      const rest = [...reasonLines(result.found), ...remarksOn(result)];
      if (!values.yes) return [`${countOf(result.found.length)} would be ${what}`, ...rest, dry(result)];
      await remove(result.found);
      return [`${countOf(result.found.length)} ${what}`, ...rest];
    });
  },
};

const searchIn = ({ selection, queues, signal }: Call): Promise<SearchResult> =>
  withParked(queues.parked, { ...selection, holdS: HOLD_S, signal }, async (result) => result);
