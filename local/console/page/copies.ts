import type { About, Detail } from '../wire.ts';

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** A request in the languages that it can be copied as. Only those of a source whose secret is known are signed anew. */
export function copiesOf(detail: Detail, { url, sources }: About): Readonly<Record<string, string>> {
  const { method, path, headers, body } = detail;
  const { id, secret } = sources.find((one) => one.id === detail.source) ?? {};
  const to = quoted(`${url}${path}`);
  // Not `--data`: a body that begins with @ would name a file. `-g`: brackets in a path are no pattern.
  if (id === undefined || secret === undefined)
    return {
      curl: [
        `curl -gi -X ${method} ${to}`,
        ...Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
        ...(body === '' ? [] : [`--data-raw ${quoted(body)}`]),
      ].join(' \\\n  '),
    };
  const variable = `BINDERY_SECRET_OF_SOURCE_${id.toUpperCase().replaceAll(/\W/g, '_')}`;
  return {
    curl: `BODY=${quoted(body)}
ID=msg_$(openssl rand -hex 8); NOW=$(date +%s)
KEY=$(printf %s ${quoted(secret.replace('whsec_', ''))} | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \\n')
SIGNATURE=$(printf %s "$ID.$NOW.$BODY" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$KEY" -binary | openssl base64 -A)
curl -gi ${to} -H 'content-type: application/json' \\
  -H "webhook-id: $ID" -H "webhook-timestamp: $NOW" -H "webhook-signature: v1,$SIGNATURE" --data-raw "$BODY"
`,
    Node: `import { Bindery } from './client/bindery.ts';

const bindery = new Bindery({ url: '${url}', source: '${id}', secret: process.env.${variable} });
console.log(await bindery.send({ id: \`msg_\${crypto.randomUUID()}\`, body: ${JSON.stringify(body)} }));
`,
    Python: `import os, uuid
from bindery import Bindery

bindery = Bindery("${url}", source="${id}", secret=os.environ["${variable}"])
print(bindery.send({"id": f"msg_{uuid.uuid4()}", "body": ${JSON.stringify(body)}}))
`,
    '.env': `BINDERY_URL=${url}\n${variable}=${secret}\n`,
  };
}
