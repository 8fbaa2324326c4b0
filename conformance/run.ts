import { runCommand } from '../cli/command.ts';
import { conformance } from './command.ts';

await runCommand(conformance);
