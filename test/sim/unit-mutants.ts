// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are texts of source files.
import { noticedBy, type UnitMutant } from './patches.ts';
import { PHONE_MUTANTS } from './phone-mutants.ts';
import { SENDER_MUTANTS } from './sender-mutants.ts';

/** Faults that need more than the simulator has: the real tables and queues, full documents, rare orders. */
export const UNIT_MUTANTS: readonly UnitMutant[] = [
  ...PHONE_MUTANTS,
  ...SENDER_MUTANTS,
  ...noticedBy('aws/registry-store', 'core/parallel.ts', {
    'unprocessed keys are given up in silence': [
      'if (round === ROUNDS) throw new Unavailable(reason);',
      'if (round === ROUNDS) return;',
    ],
  }),
  ...noticedBy('aws/registry-store', 'aws/dynamodb.ts', {
    'unprocessed keys are not read again': [
      'return UnprocessedKeys?.[table.name]?.Keys ?? [];',
      'return UnprocessedKeys ? [] : [];',
    ],
  }),
  ...noticedBy('aws/history-store', 'aws/history-store.ts', {
    'the last record of an operation counts': [
      "{ ConditionExpression: 'attribute_not_exists(pk)' }",
      "{ ConditionExpression: 'attribute_not_exists(pk) OR attribute_exists(pk)' }",
    ],
    'an earlier acceptance is forgotten': ['if (isEarlier) await update', 'if (accepted === null) await update'],
  }),
  ...noticedBy('aws/sweep-store', 'aws/sweep-store.ts', {
    'pointers of an account are looked for eventually': [
      'ConsistentRead: true,\n        Limit: 1',
      'ConsistentRead: false,\n        Limit: 1',
    ],
  }),
  ...noticedBy('aws/mirror-queues', 'aws/queues.ts', {
    'messages that a queue did not take count as sent': ['if (Failed.length > 0)', 'if (Failed.length < 0)'],
  }),
  ...noticedBy('core/apply', 'core/apply.ts', {
    'a removal is answered from an older document': [
      "answers && !operations.every(binds) ? 'strong' : undefined",
      'undefined',
    ],
    'a failed read of watermarks fails the request': [
      'orUnavailable(() => watermarksOf(ports.store, named))',
      'watermarksOf(ports.store, named)',
    ],
    'pointers of a lost race are not raised': [
      'await point(ports.store, ref, newBinds(stored?.document, next), pointed);',
      'if (attempt === 1) await point(ports.store, ref, newBinds(stored?.document, next), pointed);',
    ],
  }),
  ...noticedBy('core/apply', 'core/bindings.ts', {
    'a sign-out everywhere is answered from older documents': ["'strong',", 'undefined,'],
  }),
  ...noticedBy('core/merge', 'core/document.ts', {
    'clocks may disagree by a second only about a forgotten session': ['SKEW_MS = 60_000', 'SKEW_MS = 1_000'],
    'a forgotten logout counts a bind by its own time, however old its bearer': [
      'isBelowFloor(watermark.endedFloor, edge)',
      'isBelowFloor(watermark.endedFloor, bind)',
    ],
  }),
  ...noticedBy('core/merge', 'core/operation.ts', {
    'a worker that knows no bearers takes binds with one': ['versions.includes(3) ? 3 :', 'versions.includes(3) ? 1 :'],
  }),
  ...noticedBy('core/stamp', 'core/stamp.ts', {
    'a token change forgets when the bearer of a bind was issued': [
      'issuedMs: issuedIn(edge),',
      'issuedMs: undefined,',
    ],
  }),
  ...noticedBy('sweep/sweep', 'sweep/checks.ts', {
    'the sweep counts a bind by its own time, however old its bearer': ['asIssued(edge) <= removal', 'edge <= removal'],
  }),
  ...noticedBy('core/merge', 'core/merge.ts', {
    'an unbind forgets the floor': [
      'raise(draft.edges, account, removalAt(stamp), draft.floor);',
      'raise(draft.edges, account, removalAt(stamp));',
    ],
    'of too many ended sessions the first stay': [
      'newest(young, limit)',
      "{ kept: Object.fromEntries(Object.entries(young).slice(0, limit)), dropped: '' }",
    ],
  }),
  ...noticedBy('sweep/rules', 'sweep/rules.ts', {
    'a floor is compared with the edge alone': ['`${edge}|${name}` <= floor', 'edge <= floor'],
  }),
  ...noticedBy('core/time', 'core/time.ts', {
    'a removal from the future that spares a session does not look at binds': [
      'return isWhole ? ms : undefined;',
      "return operation.kind === 'unbindAccountFromOthers' ? leastMs : isWhole ? ms : undefined;",
    ],
  }),
  ...noticedBy('core/bindings', 'core/bindings.ts', {
    "an account's watermark is read first": [
      '    const { bound, hasMore } = await newestBound(work, ref, pointers, known);\n    const watermark = await watermarkOf(work, ref);\n',
      '    const watermark = await watermarkOf(work, ref);\n    const { bound, hasMore } = await newestBound(work, ref, pointers, known);\n',
    ],
  }),
  ...noticedBy('sweep/collect', 'sweep/collect.ts', {
    'a session is forgotten while reads of it are under way': ['idleMs > now() - IDLE_MS', 'false'],
  }),
  ...noticedBy('operations/messages', 'operations/messages.ts', {
    'outcomes of messages are one off after an unreadable one': [
      '(message) => message && {',
      '(message) => (message ?? void outcomes.next()) && {',
    ],
  }),
  ...noticedBy('events/handler', 'events/handler.ts', {
    'outcomes of events are one off after an event of two operations': ['rest.take(operations.length)', 'rest.take(1)'],
  }),
  ...noticedBy('events/intake', 'events/intake.ts', {
    'a message that is no event stays on its queue': ['status >= 500', 'status >= 400'],
    'a message that could not be parked leaves its queue': ['return failed ?', 'return failed === null ?'],
  }),
  ...noticedBy('events/intake', 'events/sources/cognito.ts', {
    'a call of Cognito that failed signs a user out': [" || textAt(detail, 'errorCode') !== undefined", ''],
  }),
  ...noticedBy('events/text-signatures', 'events/sources/fusionauth.ts', {
    'a token of FusionAuth is of any body': [
      "textAt(partOf(claims), 'request_body_sha256') === digestOf(body)",
      'digestOf(body)',
    ],
  }),
  ...noticedBy('events/peer-suites', 'events/signature.ts', {
    'a signature under Ed25519 has several spellings': ['{85}[AQgw]==$', '{86}==$'],
  }),
  ...noticedBy('mirror/push', 'mirror/push.ts', {
    'a mark received again is taken for new': ['isRedelivered: delivery.receives > 1', 'isRedelivered: false'],
    'each page of a signed-out account is forced anew': ['after?.forcedMs ?? now()', 'now()'],
  }),
  ...noticedBy('account-api/handler', 'account-api/operate.ts', {
    'an unbind from all of many tokens removes logins to come': ['!time.isWhole)', 'false)'],
  }),
];
