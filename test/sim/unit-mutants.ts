import { type Mutant, mutated, sourceOf } from './patches.ts';

/** A fault of our own making that a test of one file notices, and that file. */
export type UnitMutant = Mutant & { readonly test: string };

const AT = {
  stamp: 'test/core/stamp.test.ts',
  merge: 'test/core/merge.test.ts',
  apply: 'test/core/apply.test.ts',
  time: 'test/core/time.test.ts',
  bindings: 'test/core/bindings.test.ts',
  collect: 'test/sweep/collect.test.ts',
  rules: 'test/sweep/rules.test.ts',
  sweep: 'test/sweep/sweep.test.ts',
  messages: 'test/operations/messages.test.ts',
  events: 'test/events/handler.test.ts',
  push: 'test/mirror/push.test.ts',
  registryStore: 'test/aws/registry-store.test.ts',
  sweepStore: 'test/aws/sweep-store.test.ts',
  queues: 'test/aws/mirror-queues.test.ts',
  accountApi: 'test/account-api/handler.test.ts',
  bearer: 'test/devices/bearer.test.ts',
  keys: 'test/devices/keys.test.ts',
  ticket: 'test/devices/ticket.test.ts',
  stale: 'test/devices/stale.test.ts',
  receipt: 'test/devices/receipt.test.ts',
} as const;

const mutant = (name: string, test: keyof typeof AT, file: string, from: string, to: string): UnitMutant => ({
  name,
  file,
  from,
  to,
  test: AT[test],
});

/** Faults that need more than the simulator has: the real tables and queues, full documents, rare orders. */
export const UNIT_MUTANTS: readonly UnitMutant[] = [
  mutant(
    'unprocessed keys are given up in silence',
    'registryStore',
    'core/parallel.ts',
    'if (round === ROUNDS) throw new Unavailable(reason);',
    'if (round === ROUNDS) return;',
  ),
  mutant(
    'unprocessed keys are not read again',
    'registryStore',
    'aws/dynamodb.ts',
    'return UnprocessedKeys?.[table.name]?.Keys ?? [];',
    'return UnprocessedKeys ? [] : [];',
  ),
  mutant(
    'pointers of an account are looked for eventually',
    'sweepStore',
    'aws/sweep-store.ts',
    'ConsistentRead: true,\n        Limit: 1',
    'ConsistentRead: false,\n        Limit: 1',
  ),
  mutant(
    'messages that a queue did not take count as sent',
    'queues',
    'aws/queues.ts',
    'if (Failed.length > 0)',
    'if (Failed.length < 0)',
  ),
  mutant(
    'a removal is answered from an older document',
    'apply',
    'core/apply.ts',
    "answers && !operations.every(binds) ? 'strong' : undefined",
    'undefined',
  ),
  mutant(
    'a sign-out everywhere is answered from older documents',
    'apply',
    'core/bindings.ts',
    "'strong',",
    'undefined,',
  ),
  mutant(
    'a failed read of watermarks fails the request',
    'apply',
    'core/apply.ts',
    'orUnavailable(() => watermarksOf(ports.store, named))',
    'watermarksOf(ports.store, named)',
  ),
  mutant(
    'clocks may disagree by a second only about a forgotten session',
    'merge',
    'core/document.ts',
    'SKEW_MS = 60_000',
    'SKEW_MS = 1_000',
  ),
  mutant(
    'a forgotten logout counts a bind by its own time, however old its bearer',
    'merge',
    'core/document.ts',
    'isBelowFloor(watermark.endedFloor, edge)',
    'isBelowFloor(watermark.endedFloor, bind)',
  ),
  mutant(
    'a worker that knows no bearers takes binds with one',
    'merge',
    'core/operation.ts',
    'versions.includes(3) ? 3 :',
    'versions.includes(3) ? 1 :',
  ),
  mutant(
    'a token change forgets when the bearer of a bind was issued',
    'stamp',
    'core/stamp.ts',
    'issuedMs: issuedIn(edge),',
    'issuedMs: undefined,',
  ),
  mutant(
    'the sweep counts a bind by its own time, however old its bearer',
    'sweep',
    'sweep/checks.ts',
    'asIssued(edge) <= removal',
    'edge <= removal',
  ),
  mutant(
    'an unbind forgets the floor',
    'merge',
    'core/merge.ts',
    'raise(draft.edges, account, removalAt(stamp), draft.floor);',
    'raise(draft.edges, account, removalAt(stamp));',
  ),
  mutant(
    'of too many ended sessions the first stay',
    'merge',
    'core/merge.ts',
    'newest(young, limit)',
    "{ kept: Object.fromEntries(Object.entries(young).slice(0, limit)), dropped: '' }",
  ),
  mutant(
    'pointers of a lost race are not raised',
    'apply',
    'core/apply.ts',
    'await point(ports.store, ref, newBinds(stored?.document, next), pointed);',
    'if (attempt === 1) await point(ports.store, ref, newBinds(stored?.document, next), pointed);',
  ),
  mutant(
    'a floor is compared with the edge alone',
    'rules',
    'sweep/rules.ts',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: this is source text.
    '`${edge}|${account}` <= floor',
    'edge <= floor',
  ),
  mutant(
    'a removal from the future that spares a session does not look at binds',
    'time',
    'core/time.ts',
    'return isWhole ? ms : undefined;',
    "return operation.kind === 'unbindAccountFromOthers' ? leastMs : isWhole ? ms : undefined;",
  ),
  mutant(
    "an account's watermark is read first",
    'bindings',
    'core/bindings.ts',
    '    const { bound, hasMore } = await newestBound(work, ref, pointers, known);\n    const watermark = await watermarkOf(work, ref);\n',
    '    const watermark = await watermarkOf(work, ref);\n    const { bound, hasMore } = await newestBound(work, ref, pointers, known);\n',
  ),
  mutant(
    'a session is forgotten while reads of it are under way',
    'collect',
    'sweep/collect.ts',
    'idleMs > now() - IDLE_MS',
    'false',
  ),
  mutant(
    'outcomes of messages are one off after an unreadable one',
    'messages',
    'operations/messages.ts',
    '(message) => message && {',
    '(message) => (message ?? void outcomes.next()) && {',
  ),
  mutant(
    'outcomes of events are one off after an event of two operations',
    'events',
    'events/handler.ts',
    'rest.take(operations.length)',
    'rest.take(1)',
  ),
  mutant(
    'a mark received again is taken for new',
    'push',
    'mirror/push.ts',
    'isRedelivered: delivery.receives > 1',
    'isRedelivered: false',
  ),
  mutant(
    'each page of a signed-out account is forced anew',
    'push',
    'mirror/push.ts',
    'after?.forcedMs ?? now()',
    'now()',
  ),
  mutant(
    'an unbind from all of many tokens removes logins to come',
    'accountApi',
    'account-api/operate.ts',
    '!time.isWhole)',
    'false)',
  ),
  mutant('a bearer may live for years', 'bearer', 'devices/claims.ts', 'exp - iat > mostS', 'exp < iat'),
  mutant(
    'a logout token of the provider is a bearer',
    'bearer',
    'devices/claims.ts',
    "payload['events'] !== undefined ||",
    'false ||',
  ),
  mutant('a redirect to other keys is followed', 'keys', 'devices/keys.ts', "redirect: 'manual'", "redirect: 'follow'"),
  mutant(
    'each unknown key has the keys read again',
    'keys',
    'devices/keys.ts',
    'reading === undefined && now() >= nextAt',
    'reading === undefined',
  ),
  mutant(
    'a document of keys has no end',
    'keys',
    'devices/keys.ts',
    'if (bytes > MAX_BYTES) throw',
    'if (bytes < 0) throw',
  ),
  mutant(
    'an issuer names keys on any host',
    'keys',
    'devices/keys.ts',
    'url.origin !== URL.parse(issuer)?.origin',
    "url.origin === ''",
  ),
  mutant(
    'a source without tickets signs tickets',
    'ticket',
    'devices/ticket.ts',
    'tickets && apps.includes(app.id)',
    'apps.includes(app.id)',
  ),
  mutant(
    'a repeated sign-in takes the phone from its next user',
    'stale',
    'devices/sign-in.ts',
    '(issuedIn(edge) ?? 0) > issuedMs &&',
    'false &&',
  ),
  mutant(
    'a sign-in has the time of our clock alone',
    'stale',
    'devices/sign-in.ts',
    'operation = bindOf(app, ref, proof, body, ms)',
    'operation = bindOf(app, ref, proof, body, nowMs)',
  ),
  mutant('a receipt needs no signature', 'receipt', 'devices/receipt.ts', '.length > 0;', '.length >= 0;'),
  mutant(
    'a receipt does not end its session',
    'receipt',
    'devices/receipt.ts',
    'account, stamp)),\n  session,',
    'account, stamp)),\n  session: undefined,',
  ),
  mutant(
    'a receipt ends sign-ins in other apps',
    'receipt',
    'devices/handler.ts',
    'receipt?.app !== app.id',
    'receipt === undefined',
  ),
];

/** The mutant of that name in the source that a test loads, as a plugin of Vite; none without a name. */
export function mutantPlugin(name: string | undefined) {
  const active = UNIT_MUTANTS.find((one) => one.name === name);
  if (name !== undefined && active === undefined) throw new Error(`there is no mutant "${name}"`);
  return {
    // Vitest keeps transformed files under the names of the plugins.
    name: `mutant ${name}`,
    enforce: 'pre' as const,
    load: (id: string) =>
      active !== undefined && id.endsWith(`/functions/${active.file}`) ? mutated(active, sourceOf(active)) : undefined,
  };
}
