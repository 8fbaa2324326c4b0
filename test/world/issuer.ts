import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import type { Json } from './events.ts';

/** An identity provider of a test: keys, and bearers that they sign. */
export type Issuer = Awaited<ReturnType<typeof issuerOf>>;

/** Makes a provider with one key. `kid`: the key's name. */
export async function issuerOf(issuer: string, { alg = 'ES256', kid = 'key-1' } = {}) {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const jwk: JWK = { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' };
  return {
    issuer,
    jwk,
    publicKey,
    jwks: { keys: [jwk] },
    /** Signs any claims. `header`: members to add or replace. */
    sign: (claims: Json, header: Json = {}) =>
      new SignJWT(claims).setProtectedHeader({ alg, kid, typ: 'JWT', ...header }).sign(privateKey),
  };
}

/** A server on this machine whose answers a test changes. `asked`: the paths that were requested. */
export async function documentServer() {
  const asked: string[] = [];
  const state = { answer: (_: IncomingMessage, response: ServerResponse): unknown => response.writeHead(404).end() };
  const server = createServer((request, response) => {
    asked.push(`${request.url}`);
    state.answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A server that listens on a port has an address of this form.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    state,
    /** Answers a document by its path, and 404 for others. */
    serve: (documents: Readonly<Record<string, unknown>>) => {
      state.answer = ({ url = '' }, response) => {
        const found = documents[url];
        response.writeHead(found === undefined ? 404 : 200, { 'content-type': 'application/json' });
        response.end(JSON.stringify(found));
      };
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
