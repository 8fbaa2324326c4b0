import { Buffer } from 'node:buffer';
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { Operation, OperationsMessage } from '../core/operation.ts';
import { asking } from './aws.ts';

/** What SQS bills as one request (bytes): a message is filled up to here. */
const CHUNK_BYTES = 64 * 1024;

/**
 * Puts a request's operations on the queue, in as few messages as possible; resolves when all are held. Workers see them
 * after `delayS` seconds.
 */
export const operationsQueue =
  (client: SQSClient, QueueUrl: string, delayS = 0) =>
  async (id: string, operations: readonly Operation[]): Promise<void> => {
    const bodies = packed(id, operations);
    const message = { QueueUrl, DelaySeconds: delayS };
    await asking(() =>
      Promise.all(bodies.map((MessageBody) => client.send(new SendMessageCommand({ ...message, MessageBody })))),
    );
  };

/** Sets operations aside where a person will look, with the reason as an attribute to filter by. */
export const parkedQueue =
  (client: SQSClient, QueueUrl: string) =>
  async (id: string, operations: readonly Operation[], reason: string): Promise<void> => {
    const MessageAttributes = { reason: { DataType: 'String', StringValue: reason } };
    const bodies = packed(id, operations);
    await asking(() =>
      Promise.all(
        bodies.map((MessageBody) => client.send(new SendMessageCommand({ QueueUrl, MessageBody, MessageAttributes }))),
      ),
    );
  };

/** One message for as many operations as fit. Operations are idempotent: where only some messages arrive, the caller sends all again. */
export function packed(id: string, operations: readonly Operation[]): string[] {
  const whole = ascii({ v: 1, id, operations: [...operations] } satisfies OperationsMessage);
  return whole.length <= CHUNK_BYTES ? [whole] : split(id, operations);
}

function split(id: string, operations: readonly Operation[]): string[] {
  const chunks: string[][] = [];
  let room = 0;
  for (const operation of operations) {
    const text = ascii(operation);
    if (text.length + 1 > room) {
      chunks.push([]);
      room = CHUNK_BYTES - ENVELOPE_BYTES;
    }
    chunks.at(-1)?.push(text);
    room -= text.length + 1;
  }
  const envelope = ascii({ v: 1, id, operations: [] } satisfies OperationsMessage).slice(0, -']}'.length);
  return chunks.map((chunk) => `${envelope}${chunk.join(',')}]}`);
}

/** Room for the message around its operations: the version, and an id of up to 256 characters. */
const ENVELOPE_BYTES = 512;

/** JSON in ASCII: SQS refuses some characters of Unicode, and one byte a character makes sizes plain. */
export function ascii(value: unknown): string {
  const text = JSON.stringify(value);
  // Counting bytes is many times faster than looking at each character, and most of what is sent is ASCII already.
  if (Buffer.byteLength(text) === text.length) return text;
  return text.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
