import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { json as jsonOf } from 'node:stream/consumers';
import * as z from 'zod';
import type { Running } from './dynamodb-server.ts';
import { close, listen } from './listening.ts';
import { REGION } from './region.ts';

/** A secret's versions by their staging label. */
export type Versions = { readonly AWSCURRENT: string; readonly AWSPREVIOUS?: string };

const Request = z.object({ SecretId: z.string(), VersionStage: z.string().default('AWSCURRENT') });

/** `GetSecretValue` of Secrets Manager (JSON 1.1 protocol), and nothing else of it. */
export async function startSecrets(secrets: ReadonlyMap<string, Versions>): Promise<Running> {
  const server = createServer((request, response) => {
    answer(secrets, request)
      .catch((): Answer => ({ status: 400, body: { __type: 'SerializationException' } }))
      .then((reply) => send(response, reply));
  });
  return { url: await listen(server), stop: () => close(server) };
}

type Answer = { readonly status: number; readonly body: object };

async function answer(secrets: ReadonlyMap<string, Versions>, request: IncomingMessage): Promise<Answer> {
  if (request.headers['x-amz-target'] !== 'secretsmanager.GetSecretValue')
    return { status: 400, body: { __type: 'UnknownOperationException' } };
  const { SecretId, VersionStage } = Request.parse(await jsonOf(request));
  const versions = secrets.get(SecretId);
  if (versions === undefined) return notFound("Secrets Manager can't find the specified secret.");
  const text = new Map(Object.entries(versions)).get(VersionStage);
  if (text === undefined)
    return notFound(`Secrets Manager can't find the specified secret value for staging label: ${VersionStage}`);
  return { status: 200, body: secretOf(SecretId, VersionStage, text) };
}

const secretOf = (Name: string, stage: string, SecretString: string) => ({
  ARN: `arn:aws:secretsmanager:${REGION}:000000000000:secret:${Name}`,
  Name,
  SecretString,
  VersionId: stage.padEnd(32, '0'),
  VersionStages: [stage],
  CreatedDate: 0,
});

const notFound = (Message: string): Answer => ({ status: 400, body: { __type: 'ResourceNotFoundException', Message } });

const send = (response: ServerResponse, { status, body }: Answer): void => {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
};
