import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { pageOf } from '../../local/console/console.ts';
import { close, listen } from '../../local/listening.ts';
import { reasonOf, UserError } from '../../local/user-error.ts';
import { command } from '../command.ts';
import { appsOf } from '../import/where.ts';
import { PLACE_OPTIONS, placeOf } from '../place.ts';
import { deployedAnswers } from './deployed.ts';

const { stage, profile, region } = PLACE_OPTIONS;

/** Named so because `console` is a global. */
export const consoleOf = command({
  name: 'console',
  usage: 'bindery console --stage NAME [options]',
  about:
    'Serves the page of `bindery start` for a deployment, on this machine only, with your own AWS credentials. It is read only, and hides names until you ask for them.',
  options: {
    stage,
    profile,
    region,
    listen: { value: 'PORT', default: '8788', help: 'port to listen on; 0 means any free port' },
    config: { value: 'FILE', default: 'bindery.json', help: 'the configuration of the deployment' },
  },
  examples: ['bindery console --stage prod --profile operator'],
  notes:
    'The address that it prints has a key: other users of this machine cannot ask the page without it. Events are not listed, since a deployment keeps no requests.',
  run: async ({ values }, terminal) => {
    if (values.stage === undefined)
      throw new UserError('give --stage: a local instance has the page at its own address');
    // The command `dlq`, which reads the parked queue, takes the profile from the environment.
    if (values.profile !== undefined) process.env['AWS_PROFILE'] = values.profile;
    const place = await placeOf({ ...values, port: undefined }, terminal);
    const apps = appsOf(place, values.config, terminal);
    const key = randomBytes(18).toString('base64url');
    const page = pageOf(undefined, key);
    page.open(deployedAnswers({ place, apps, folder: terminal.folder }));
    const server = createServer((request, response) => {
      if (!page.serves(request, response)) response.writeHead(404).end();
    });
    const url = await listen(server, Number(values.listen)).catch((error: unknown) => {
      throw new UserError(`--listen ${values.listen}: the port cannot be listened on: ${reasonOf(error)}`);
    });
    terminal.print(`${url}/#phones?key=${key}`);
    const signal = terminal.interrupt();
    if (!signal.aborted) await once(signal, 'abort');
    await close(server);
    return 0;
  },
});
