import { startLocal } from '../../local/instance.ts';
import { CONFIGURATION } from '../installation.ts';
import { quietConsole } from './doors.ts';

/** Runs what `npm start` runs. Sends its URLs and its secret, then answers every message with its processor time. */
quietConsole();
const { url, sources, sqs, dynamodb } = await startLocal({ configuration: CONFIGURATION, port: 0 });
process.on('disconnect', () => process.exit());
process.on('message', () => process.send?.(process.cpuUsage()));
process.send?.({ url, secret: sources[0]?.secret, sqs, dynamodb });
