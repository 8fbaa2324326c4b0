import { Buffer } from 'node:buffer';
import { createServer } from 'node:http';
import { listen } from '../../local/listening.ts';
import { stubAnswers } from './answers.ts';

/**
 * SQS, DynamoDB and Secrets Manager as far as the benchmarks need them, fast enough that they do not decide a result.
 * It is a process of its own, so that its processor time is not counted. Sends its URL.
 */
const answers = stubAnswers();

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const target = `${request.headers['x-amz-target']}`;
    const answer = answers.get(target.slice(target.indexOf('.') + 1));
    const reply = (json: string, status = 200) => {
      const length = Buffer.byteLength(json);
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0', 'content-length': length }).end(json);
    };
    if (answer) answer(Buffer.concat(chunks).toString(), reply);
    else reply('{"__type":"UnknownOperationException"}', 400);
  });
});

process.on('disconnect', () => process.exit());
process.send?.(await listen(server));
