import type { SourceId } from '../core/configuration.ts';
import { orUnavailable } from '../core/outcome.ts';
import type { MessageResult, QueueDelivery } from '../lambda/message.ts';
import { answer, type EventsPorts } from './handler.ts';
import type { OpenSource } from './source.ts';

export type IntakePorts = Omit<EventsPorts, 'sources' | 'keysOf' | 'door'> & {
  /** The source of a queue, by the queue's name. */
  readonly sourceOf: (queue: string) => OpenSource | Promise<OpenSource> | undefined;
  /** Parks a message that no try makes valid, with the reason. May reject with `Unavailable`. */
  readonly park: (source: SourceId, body: string, reason: string) => Promise<void>;
};

/**
 * Accepts a message of a source's queue as `/events/{source}` accepts a request. What that door refuses is parked with the
 * reason, and what it asks to send again stays on the queue.
 */
export const intake =
  ({ sourceOf, park, ...ports }: IntakePorts) =>
  async ({ id, queue, body }: QueueDelivery): Promise<MessageResult> => {
    const open = await sourceOf(queue);
    if (open === undefined) return { kind: 'retry', id, reason: 'unknown_source' };
    const request = { id, method: 'POST', path: '', headers: {}, body };
    // IAM has judged who sent it.
    const { status, headers, line } = await answer(
      { ...ports, door: 'intake', sources: new Map(), keysOf },
      request,
      open,
    );
    const { outcome: answered = '', ...rest } = line ?? {};
    const result = { id, source: open.source.id, ...rest, answered };
    if (status < 300) return { ...result, kind: 'done' };
    if (status >= 500) return { ...result, kind: 'retry', waitMs: 1000 * Number(headers?.['retry-after'] ?? 0) };
    const failed = await orUnavailable(() => park(open.source.id, body, `${rest['reason']}`));
    return failed ? { ...result, kind: 'retry', parking: failed.reason } : { ...result, kind: 'done', parked: 1 };
  };

const keysOf = async () => [];
