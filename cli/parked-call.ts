import { hasCode, UserError } from '../local/user-error.ts';
import { printable, queueName } from './parked-text.ts';

/** Makes a call to a queue. What AWS answers with instead is the user's to put right, in one line. */
export async function calling<T>(url: string, purpose: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (hasCode(error, 'ECONNREFUSED'))
      throw new UserError(`nothing answers at ${new URL(url).origin}: is \`npm start\` running?`);
    const said = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    throw new UserError(`${queueName(url)} cannot be ${purpose}: ${printable(said.replaceAll(/\s+/g, ' '))}`);
  }
}
