import manifest from '../package.json' with { type: 'json' };
import { ACCOUNT_API_PATHS, ACCOUNT_API_SECURITY } from './account-api.ts';
import { schemasIn, UNSPOKEN } from './account-api-schemas.ts';
import { DEVICES_PATHS, DEVICES_SCHEMAS, DEVICES_SECURITY } from './devices.ts';
import { EVENTS_PATHS, EVENTS_SCHEMAS, EVENTS_SECURITY } from './events.ts';
import { GATEWAY_RESPONSES } from './gateway.ts';
import { PROBLEM_SCHEMAS } from './problems.ts';
import { RESOLVE_PATHS, RESOLVE_SCHEMAS, RESOLVE_SECURITY } from './resolve.ts';
import type { Schema } from './schemas.ts';

/**
 * Every route of Bindery in OpenAPI 3.1, made from the schemas of the routes. JSON Schema cannot express limits in bytes and
 * fields that exclude each other: descriptions or docs/ state them.
 */
export const openApiDocument = (): Schema => ({
  openapi: '3.1.0',
  info: {
    title: 'Bindery',
    version: manifest.version,
    summary: manifest.description,
    license: { name: manifest.license, identifier: manifest.license },
  },
  servers: [
    {
      url: 'https://{host}',
      description: "A stack's output `Url`",
      variables: { host: { default: 'example.execute-api.eu-west-1.amazonaws.com' } },
    },
    { url: 'http://localhost:8787', description: '`npm start`' },
  ],
  tags: [
    { name: 'Events', description: 'Changes in an auth flow: docs/events.md.' },
    { name: 'Phones', description: 'Calls of phones: docs/phone.md.' },
    { name: 'Senders', description: 'Questions of the part of a back end that sends pushes: docs/sending.md.' },
    { name: 'Account API', description: 'The Account API of XG v3 and TPNS: docs/account-api.md.' },
  ],
  paths: { ...EVENTS_PATHS, ...DEVICES_PATHS, ...RESOLVE_PATHS, ...ACCOUNT_API_PATHS },
  components: {
    schemas: {
      ...EVENTS_SCHEMAS,
      ...PROBLEM_SCHEMAS,
      ...DEVICES_SCHEMAS,
      ...RESOLVE_SCHEMAS,
      ...schemasIn('xg'),
      ...schemasIn('tpns'),
      Unspoken: UNSPOKEN,
    },
    responses: GATEWAY_RESPONSES,
    securitySchemes: { ...EVENTS_SECURITY, ...DEVICES_SECURITY, ...RESOLVE_SECURITY, ...ACCOUNT_API_SECURITY },
  },
});
