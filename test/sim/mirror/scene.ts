import { translatedType } from '../../../functions/account-api/wire/account-types.ts';
import type { Account } from '../../../functions/core/account.ts';
import { Configuration } from '../../../functions/core/bindery-json.ts';
import { type App, AppId, type Mirror } from '../../../functions/core/configuration.ts';
import { present, type Random } from '../random.ts';
import { PEOPLE, SCENE, type Scene } from '../scene.ts';

/** The longest a call may be on its way to the hosted API (ms), and for how long it settles before it is verified. */
export const LONGEST_MS = 50_000;
const SETTLE_S = 60;

const MIRRORED = {
  id: 'chat',
  dialect: 'xg',
  policy: 'one-per-type',
  platform: 'ios',
  mirror: { url: 'https://hosted.example', app: '1500001048', dialect: 'tpns', settleS: SETTLE_S },
};
const UNMIRRORED = { id: 'shop', dialect: 'xg', policy: 'many', platform: 'android' };

const configured = (...apps: object[]) =>
  Configuration.parse({
    apps,
    sources: [{ id: 'backend', kind: 'standard-webhooks', apps: ['chat', 'shop'].slice(0, apps.length) }],
  });

const ALONE = configured(MIRRORED);
const BESIDE = configured(MIRRORED, UNMIRRORED);

export const CHAT: AppId = AppId.parse('chat');

export type MirrorScene = Scene & {
  readonly configuration: Configuration;
  readonly mirrored: App & { readonly mirror: Mirror };
};

/** One to three phones and two to four people; in some cases an app without a mirror beside the one that has one. */
export function drawMirrorScene(random: Random): MirrorScene {
  const configuration = random.chance(0.3) ? BESIDE : ALONE;
  const [{ mirror, ...app }] = [present(configuration.apps[0])];
  return {
    configuration,
    apps: configuration.apps,
    mirrored: { ...app, mirror: present(mirror) },
    tokens: SCENE.tokens.slice(0, 1 + random.below(SCENE.tokens.length)),
    accounts: random.shuffled(PEOPLE).slice(0, 2 + random.below(3)),
  };
}

/** The account as the hosted API names it. */
export const hostedAccount = ({ type, id }: Account): Account => ({
  type: present(translatedType('xg', 'tpns', type)),
  id,
});
