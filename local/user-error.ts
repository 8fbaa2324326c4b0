import { getSystemErrorMessage } from 'node:util';

/** An error that the user can put right. Commands print its lines, without a stack. */
export class UserError extends Error {
  override readonly name = 'UserError';
  readonly lines: readonly string[];

  constructor(...lines: string[]) {
    super(lines.join('\n'));
    this.lines = lines;
  }
}

/** Tells errors of the operating system by their code, such as `EADDRINUSE`. */
export const hasCode = (error: unknown, ...codes: string[]): boolean =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && codes.includes(error.code);

/** The text of an error that may be anything. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The reason why a system call failed, in words and without the path that Node adds. */
export const reasonOf = (error: unknown): string => {
  const hasNumber = error instanceof Error && 'errno' in error && typeof error.errno === 'number';
  return hasNumber ? getSystemErrorMessage(Number(error.errno)) : messageOf(error);
};

/** Returns what a user reads of a file that cannot be read or written; undefined for other errors. */
export function fileFaultOf(error: unknown): string | undefined {
  if (!(error instanceof Error && 'path' in error && 'errno' in error)) return undefined;
  return `${error.path} cannot be read or written: ${reasonOf(error)}`;
}
