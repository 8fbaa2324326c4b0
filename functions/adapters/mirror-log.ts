import type { AppId } from '../core/configuration.ts';
import type { MirrorNote } from '../handlers/mirror-ports.ts';
import type { Line, Log } from './log.ts';

/** Writes what a mirror has to say as one line: `mirror.pushed` and so on, each with its app. */
export const mirrorLog =
  (log: Log, app: AppId) =>
  (note: MirrorNote): void => {
    const { kind, ...fields } = note;
    const line: Line = Object.fromEntries(Object.entries(fields).map(([name, value]) => [snake(name), value]));
    log(levelOf(note), `mirror.${kind}`, { app, ...line });
  };

/** Names as all our lines have them. */
const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function levelOf(note: MirrorNote): Parameters<Log>[0] {
  if (note.kind === 'breaker') return note.state === 'stopped' ? 'error' : 'warn';
  return ['dropped', 'untranslatable', 'different'].includes(note.kind) ? 'warn' : 'info';
}
