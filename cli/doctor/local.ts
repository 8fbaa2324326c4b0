import { SQSClient } from '@aws-sdk/client-sqs';
import type { Configuration } from '../../functions/core/bindery-json.ts';
import { NAMES } from '../../local/aws/resources.ts';
import { REGION } from '../../local/aws/servers.ts';
import type { Instance } from '../../local/description.ts';
import { withReader } from '../../local/identity.ts';
import { addressFindings } from './address.ts';
import { differences } from './drift.ts';
import { type Check, type Finding, ok, warning } from './finding.ts';
import { messagesOn } from './messages.ts';
import { judgeText, type Owner, ownersIn } from './secrets.ts';
import { judgeQueues } from './service.ts';

/** Returns the checks of an instance that `npx bindery start` started. `configuration`: of the file as it is now. */
export function checksOfInstance(instance: Instance, configuration: Configuration, now: () => number): Check[] {
  const { url, sqs } = instance;
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = new SQSClient({ endpoint: sqs, region: REGION, credentials });
  const count = (name: string) => messagesOn(client, `${sqs}/000000000000/${name}`);
  return [
    { name: 'address', run: () => addressFindings({ name: 'Url', url, now, clock: [] }) },
    { name: 'drift', run: async () => judgeInstance(instance, withReader(configuration)) },
    { name: 'secrets', run: async () => ownersIn(configuration).map((owner) => judgeOwner(owner, instance)) },
    {
      name: 'queues',
      run: async () => {
        const [operations, parked] = await Promise.all([count(NAMES.operations), count(NAMES.parked)]);
        return judgeQueues({ operations, parked });
      },
    },
  ];
}

/** Judges an instance by the file: it has read it once, when it started. */
function judgeInstance({ apps, sources, readers }: Instance, configuration: Configuration): Finding[] {
  const shown = ({ id, dialect, policy, platform }: Configuration['apps'][number]) => [
    id,
    { dialect, policy, platform },
  ];
  const ids = (all: readonly { readonly id: string }[]) => Object.fromEntries(all.map(({ id }) => [id, id]));
  const places = differences(
    {
      apps: Object.fromEntries(configuration.apps.map(shown)),
      sources: ids(configuration.sources),
      readers: ids(configuration.readers),
    },
    { apps: Object.fromEntries(apps.map(shown)), sources: ids(sources), readers: ids(readers) },
    '',
  );
  if (places.length === 0) return [ok('the instance has this bindery.json')];
  return [
    warning(`the instance has another bindery.json: ${places.join(', ')}`, 'it uses the other', 'start it again'),
  ];
}

function judgeOwner({ output, id, decode }: Owner, { apps, sources, readers }: Instance): Finding {
  const named = [
    ...apps.map((app) => ({ output: 'App', id: app.id, secret: app.secretKey })),
    ...sources.map((source) => ({ output: 'Source', ...source })),
    ...readers.map((reader) => ({ output: 'Reader', ...reader })),
  ];
  const own = named.find((one) => one.id === id && output.startsWith(`SecretOf${one.output}`));
  return judgeText(own?.secret, decode, `the secret of ${id}`);
}
