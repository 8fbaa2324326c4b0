import { Buffer } from 'node:buffer';
import type { KeyObject } from 'node:crypto';
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import { signer } from '../client/bindery.ts';
import { Configuration } from '../functions/core/bindery-json.ts';
import { webhookKey } from '../functions/events/signature.ts';

/** The installation that all benchmarks measure: one app and one source, as a small team has it. */
export const CONFIGURATION = Configuration.parse({
  apps: [{ id: 'shop', dialect: 'xg', policy: 'many', platform: 'android' }],
  sources: [{ id: 'app', kind: 'standard-webhooks', apps: ['shop'] }],
});

export const EVENTS_PATH = '/events/app';

export const SOURCE_SECRET = `whsec_${Buffer.alloc(32, 'bench').toString('base64')}`;
export const SOURCE_KEY: KeyObject = webhookKey(SOURCE_SECRET);

/** Headers of a request to the events door, signed by the client for an attempt made now. */
export const signed = (body: string, id = 'msg_2b8TnF0xJq', secret = SOURCE_SECRET) =>
  signer(secret)({ id, body }, Date.now());

/** Headers of a call of the Account API. */
export const authorized = (secret: string): Record<string, string> => ({
  authorization: `Basic ${btoa(`shop:${secret}`)}`,
});

/** Lambda's context, reduced to the one function that middy and the doors call. */
export const CONTEXT = { getRemainingTimeInMillis: () => 10_000 } as Context;

/** A POST as API Gateway sends it to a function, in payload format 2.0. */
export const posted = (
  path: string,
  body: string,
  headers: Record<string, string>,
  requestId = 'JKJaXmPLvHcESHA=', // as long as API Gateway's own
): APIGatewayProxyEventV2 =>
  // A gateway sets more than this; the doors read nothing else.
  ({
    version: '2.0',
    rawPath: path,
    headers: { 'content-type': 'application/json', host: 'example.com', ...headers },
    requestContext: { requestId, http: { method: 'POST', path } },
    body,
    isBase64Encoded: false,
  }) as unknown as APIGatewayProxyEventV2;
