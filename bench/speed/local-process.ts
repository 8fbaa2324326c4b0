import { startLocal } from '../../local/instance.ts';
import { CONFIGURATION, quietConsole } from './deployed.ts';

/** What `npm start` runs, as a child whose processor time can be asked for. */
quietConsole();
const { url, sources, sqs, dynamodb } = await startLocal({ configuration: CONFIGURATION, port: 0 });
process.on('disconnect', () => process.exit());
process.on('message', () => process.send?.(process.cpuUsage()));
process.send?.({ url, secret: sources[0]?.secret, sqs, dynamodb });
