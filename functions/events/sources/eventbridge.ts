import * as z from 'zod/mini';
import { valueAt } from '../../lambda/issues.ts';
import { jsonIn } from '../../lambda/request.ts';
import { textAt } from '../fields.ts';
import { sourceKind } from '../source.ts';
import { AppEvent, appFacts } from './standard-webhooks.ts';

const TYPES: readonly (string | undefined)[] = AppEvent.def.options.map(({ shape }) => shape.type.def.values[0]);

/** The name of a bus of this account, or of a sender, in EventBridge. */
const Name = z.string().check(z.regex(/^[\w./-]{1,256}$/, 'must be 1 to 256 letters, digits, ".", "-", "_" or "/"'));

/**
 * The app's own backend, which puts its events on a bus of EventBridge in the same account. `eventSource`: the `source` of
 * its events there, which the rule matches. An event's `detail-type` is our `type`, and its `detail` our `data`, with
 * `timestamp` and `id` beside it.
 */
export const kind = sourceKind({
  credential: 'iam',
  options: z.strictObject({ eventSource: Name, bus: z.optional(Name) }),
  accounts: [],
  effects: {},
  receiver:
    () =>
    ({ body }, to) => {
      const json = jsonIn(body);
      if (json === undefined) return { refused: 'not_json' };
      const type = textAt(json.value, 'detail-type');
      if (type !== undefined && !TYPES.includes(type)) return { facts: [{ nothing: 'other_type' }] };
      const detail: Record<string, unknown> = { ...Object(valueAt(['detail'], json.value)) };
      // The time of the envelope has whole seconds, and another attempt to put the event has another.
      const { timestamp = textAt(json.value, 'time'), id, ...data } = detail;
      return appFacts({ id: '', body: { type, timestamp, ...(id !== undefined && { id }), data } }, to);
    },
});
