import { valueAt } from '../../lambda/issues.ts';
import { type Body, jsonIn } from '../../lambda/request.ts';
import { effectIn, isoAt, textAt } from '../fields.ts';
import { type Fact, sourceKind } from '../source.ts';
import { authorizationFault, textKey } from '../text-secret.ts';

const EFFECTS = {
  slo: 'session ended',
  scp: 'signed out everywhere',
  sdu: 'signed out everywhere',
  universal_logout_succeeded: 'signed out everywhere',
  'sapi, user blocked': 'signed out everywhere',
} as const;

/** Log streams of Auth0 to a custom webhook (https://auth0.com/docs/customize/log-streams/custom-log-streams). */
export const kind = sourceKind({
  credential: 'ours',
  accounts: ['user_id'],
  effects: EFFECTS,
  keyOf: textKey,
  // Auth0 sends a refused batch again as a whole, and stops the stream at last.
  maxBytes: 4 * 1024 * 1024,
  receiver:
    () =>
    (request, { keys }) => {
      const fault = authorizationFault(request, keys);
      if (fault !== undefined) return { refused: 'not_signed', ...fault };
      const logs = logsIn(request.body);
      return logs === undefined ? { refused: 'not_json' } : { facts: logs.map(factOf) };
    },
});

/** The logs of a list, an object, or lines. One line that is not JSON must not keep the others back. */
function logsIn(body: Body): readonly unknown[] | undefined {
  const whole = jsonIn(body);
  if (whole !== undefined) return Array.isArray(whole.value) ? whole.value : [whole.value];
  const lines = body.toString().split('\n');
  const read = lines.filter((line) => line.trim() !== '').map((line) => jsonIn(line)?.value);
  return read.some((one) => one !== undefined) ? read : undefined;
}

function factOf(entry: unknown): Fact {
  const log = valueAt(['data'], entry);
  const type = textAt(log, 'type');
  const blocked = type === 'sapi' ? blockedIn(log) : undefined;
  const what = effectIn(EFFECTS, blocked === undefined ? type : 'sapi, user blocked');
  if (what === undefined) return { nothing: 'other_type' };
  const id = textAt(entry, 'log_id') ?? textAt(log, 'log_id') ?? '';
  const fact = { id, at: isoAt(log, 'date') ?? ('arrival' as const), what, account: blocked ?? textAt(log, 'user_id') };
  return what === 'session ended' ? { ...fact, session: textAt(log, 'details', 'session_id') } : fact;
}

/** The user that a call of the Management API blocked. `user_id` of such a log is the administrator. */
function blockedIn(log: unknown): string | undefined {
  const request = valueAt(['details', 'request'], log);
  if (textAt(request, 'method')?.toLowerCase() !== 'patch') return undefined;
  if (valueAt(['body', 'blocked'], request) !== true) return undefined;
  const [, user] = /^\/api\/v2\/users\/([^/?]+)$/.exec(textAt(request, 'path') ?? '') ?? [];
  try {
    return user && decodeURIComponent(user);
  } catch {
    return undefined;
  }
}
