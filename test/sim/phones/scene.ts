import { Configuration } from '../../../functions/core/bindery-json.ts';
import { CANARY, CONFIGURATION, SCENE } from '../scene.ts';

const APPS = CONFIGURATION.apps.map(({ id }) => id);

/** The apps of other end-to-end cases, with an identity provider and a sender of messages. */
export const PHONES_CONFIGURATION = Configuration.parse({
  apps: CONFIGURATION.apps,
  sources: CONFIGURATION.sources,
  identities: [{ id: 'provider', apps: APPS, issuer: 'https://id.example', audience: [CANARY] }],
  readers: [{ id: 'sender', apps: APPS }],
});

export const PEOPLE = SCENE.accounts;
