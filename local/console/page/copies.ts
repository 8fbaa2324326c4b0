import type { About, Detail } from '../wire.ts';
import { notice } from './state.ts';

type Copy = { readonly needsSource?: true; readonly text: (detail: Detail, about: About | undefined) => string };

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
const secretOf = (source: string | undefined, about: About | undefined): string =>
  about?.sources.find(({ id }) => id === source)?.secret ?? 'whsec_…';
const variableOf = (source = ''): string => `BINDERY_SECRET_OF_SOURCE_${source.toUpperCase().replaceAll(/\W/g, '_')}`;

/** A request in the languages that it can be copied as. */
export const COPIES: Readonly<Record<string, Copy>> = {
  curl: {
    text: (detail, about) => (detail.source === undefined ? plainCurl(detail, about) : signedCurl(detail, about)),
  },
  Node: { needsSource: true, text: node },
  Python: { needsSource: true, text: python },
  '.env': {
    needsSource: true,
    text: ({ source }, about) => `BINDERY_URL=${about?.url}\n${variableOf(source)}=${secretOf(source, about)}\n`,
  },
};

const plainCurl = ({ method, path, headers, body }: Detail, about: About | undefined): string =>
  [
    `curl -i -X ${method} ${quoted(`${about?.url}${path}`)}`,
    ...Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(body === '' ? [] : [`--data-binary ${quoted(body)}`]),
  ].join(' \\\n  ');

const signedCurl = ({ path, body, source }: Detail, about: About | undefined): string =>
  `BODY=${quoted(body)}
ID=msg_$(openssl rand -hex 8); NOW=$(date +%s)
KEY=$(printf %s ${quoted(secretOf(source, about).replace('whsec_', ''))} | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \\n')
SIGNATURE=$(printf %s "$ID.$NOW.$BODY" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$KEY" -binary | openssl base64 -A)
curl -i ${quoted(`${about?.url}${path}`)} -H 'content-type: application/json' \\
  -H "webhook-id: $ID" -H "webhook-timestamp: $NOW" -H "webhook-signature: v1,$SIGNATURE" --data-binary "$BODY"
`;

function node({ body, source }: Detail, about: About | undefined): string {
  return `import { Bindery } from './client/bindery.ts';

const bindery = new Bindery({ url: '${about?.url}', source: '${source}', secret: process.env.${variableOf(source)} });
const id = \`msg_\${crypto.randomUUID()}\`;
console.log(await bindery.send({ id, body: JSON.stringify(${pretty(body)}) }));
`;
}

function python({ body, source }: Detail, about: About | undefined): string {
  return `import os, uuid
from bindery import Bindery

bindery = Bindery("${about?.url}", source="${source}", secret=os.environ["${variableOf(source)}"])
print(bindery.send({"id": f"msg_{uuid.uuid4()}", "body": ${JSON.stringify(body)}}))
`;
}

const pretty = (body: string): string => JSON.stringify(JSON.parse(body), null, 2);

export async function copied(text: string, name: string): Promise<void> {
  await navigator.clipboard.writeText(text);
  notice.value = `Copied as ${name}`;
}
