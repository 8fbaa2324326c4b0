import { valueAt } from '../../lambda/issues.ts';
import { jsonIn } from '../../lambda/request.ts';
import { effectIn, msAt, textAt } from '../fields.ts';
import { type Fact, readJson, sourceKind } from '../source.ts';
import { bodyFault, textKey } from '../text-secret.ts';

const EFFECTS = {
  'access.LOGOUT': 'session ended',
  'access.UPDATE_PASSWORD': 'signed out everywhere',
  'access.UPDATE_CREDENTIAL, password': 'signed out everywhere',
  'access.DELETE_ACCOUNT': 'signed out everywhere',
  'admin.USER-DELETE': 'signed out everywhere',
  'admin.USER-UPDATE, disabled': 'signed out everywhere',
  'admin.USER-ACTION, logout': 'signed out everywhere',
  'admin.USER-ACTION, reset-password': 'signed out everywhere',
} as const;

/** Webhooks of Phase Two for Keycloak (https://github.com/p2-inc/keycloak-events). Their signature has no time. */
export const kind = sourceKind({
  credential: 'ours',
  accounts: ['userId'],
  effects: EFFECTS,
  keyOf: textKey,
  receiver:
    () =>
    (request, { keys }) =>
      readJson(bodyFault(request, keys, 'x-keycloak-signature'), request, (body) => [factOf(body)]),
});

/** `authDetails` is who acts: the user, or in `admin` events an administrator, who has a session too. */
function factOf(event: unknown): Fact {
  const type = textAt(event, 'type') ?? '';
  // A user's parts, such as a linked identity, have the same types as the user.
  const [, user, part] = /^users\/([^/]+)(?:\/(.+))?$/.exec(textAt(event, 'resourcePath') ?? '') ?? [];
  const detail = part ?? detailIn(event, type);
  const what = effectIn(EFFECTS, detail === undefined ? type : `${type}, ${detail}`);
  if (what === undefined || textAt(event, 'error') !== undefined) return { nothing: 'other_type' };
  const account = type.startsWith('admin.') ? user : textAt(event, 'authDetails', 'userId');
  const fact = { id: textAt(event, 'uid') ?? '', at: msAt(event, 'time') ?? ('arrival' as const), what, account };
  return what === 'session ended' ? { ...fact, session: textAt(event, 'authDetails', 'sessionId') } : fact;
}

/** The part of a type that decides. A representation is JSON in a text, and is there only if the realm includes it. */
function detailIn(event: unknown, type: string): string | undefined {
  if (type === 'access.UPDATE_CREDENTIAL') return textAt(event, 'details', 'credential_type');
  if (type !== 'admin.USER-UPDATE') return undefined;
  const user = jsonIn(textAt(event, 'representation') ?? '')?.value;
  return valueAt(['enabled'], user) === false ? 'disabled' : undefined;
}
