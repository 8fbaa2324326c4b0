import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import * as z from 'zod';
import type { Instance } from '../description.ts';
import type { FrontPage } from '../lambda/http.ts';
import { messageOf, UserError } from '../user-error.ts';
import { HTML, script, style } from './bundle.ts';
import { isRecord } from './describe.ts';
import { localAnswers } from './local-answers.ts';
import type { Operator } from './ports.ts';
import { readerDoors } from './reader.ts';
import { Recording } from './recording.ts';
import { whyLate } from './superseded.ts';
import type { Answers } from './wire.ts';

/** The page of a local instance. */
export type Console = {
  readonly front: FrontPage;
  /** Gives the page the instance that has started, and the tools of an operator. */
  readonly open: (instance: Instance, operator: Operator) => void;
};

/** Makes the page of an instance that will be started. Until it is open, the page answers nothing. */
export function newConsole(): Console {
  const recording = new Recording();
  const page = pageOf(recording);
  let explain: (seen: NonNullable<ReturnType<Recording['add']>>) => void = () => {};
  return {
    front: {
      serves: page.serves,
      close: page.close,
      saw: (exchange) => {
        const seen = recording.add(exchange);
        if (seen?.row.tone === 'late') explain(seen);
      },
    },
    open: (instance, operator) => {
      const doors = readerDoors(instance);
      readLog(recording);
      explain = (seen) => {
        whyLate(seen, (token) => doors.phones([token])).then(
          (words) => recording.reword(seen.row.n, words),
          () => {},
        );
      };
      page.open(localAnswers({ instance, recording, operator, doors }));
    },
  };
}

/** Reads the log lines that the functions write, and passes them on. */
function readLog(recording: Recording): void {
  for (const level of ['info', 'warn', 'error'] as const) {
    const write = console[level];
    console[level] = (...values: unknown[]) => {
      const print = () => Reflect.apply(write, console, values);
      const [line] = values;
      if (isRecord(line)) recording.read(line);
      if (!isRecord(line) || !recording.hold(line, print)) print();
    };
  }
}

/** Answers the requests of a page. A recording is streamed to it. `key`: a text that each question must carry. */
export function pageOf(recording: Recording | undefined, key?: string) {
  let answers: Answers = {};
  const streams = new Set<ServerResponse>();
  const ask = (path: string, request: IncomingMessage, response: ServerResponse): void => {
    const { headers, method } = request;
    if (!isOfThisPage(headers) || (key !== undefined && headers['x-console-key'] !== key))
      fail(response, 403, 'only the page of this address may ask this');
    else if (path === '/console/stream' && recording) stream(recording, response, streams);
    else if (method === 'POST') answer(answers, path, request, response);
    else fail(response, 404, 'the page has no such question');
  };
  const serves = (request: IncomingMessage, response: ServerResponse): boolean => {
    const path = request.url?.split('?', 1)[0] ?? '';
    if (path === '/') return isPerson(request) && file(response, 'text/html', HTML);
    if (path === '/console/style.css') return file(response, 'text/css', style());
    if (!path.startsWith('/console/')) return false;
    if (path !== '/console/page.js') ask(path, request, response);
    else
      script().then(
        (code) => file(response, 'text/javascript', code),
        (error) => fail(response, 500, messageOf(error)),
      );
    return true;
  };
  const open = (given: Answers) => {
    answers = given;
  };
  const close = () => {
    for (const each of streams) each.end();
  };
  return { serves, open, close };
}

/** Tests that a browser opens the address. Programs get the answer of the doors there. */
const isPerson = ({ method, headers }: IncomingMessage): boolean =>
  method === 'GET' && `${headers.accept}`.includes('text/html');

/**
 * Tests that a page of this address asks. The server has tested that `Origin`, where it is there, is its own; a browser
 * sends none with a stream of its own origin, but says where the page is from. Another program sends neither.
 */
const isOfThisPage = ({ origin, 'sec-fetch-site': site }: IncomingMessage['headers']): boolean =>
  origin !== undefined || site === 'same-origin';

/** Allows the files and the answers of this address alone: no inline script or style, and no frame around it. */
const POLICY = [
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:",
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
].join('; ');

const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

function file(response: ServerResponse, type: string, content: string): true {
  response.writeHead(200, { ...HEADERS, 'content-type': `${type}; charset=utf-8` }).end(content);
  return true;
}

function fail(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { ...HEADERS, 'content-type': 'application/json' }).end(JSON.stringify({ message }));
}

/** The most rows of one message, so that a page with many begins to draw early. */
const ROWS_AT_ONCE = 2_000;

/** Sends the rows that are kept, and then each that is new or changed (server-sent events). */
function stream(recording: Recording, response: ServerResponse, streams: Set<ServerResponse>): void {
  response.writeHead(200, { ...HEADERS, 'content-type': 'text/event-stream' });
  const rows = recording.rows();
  response.write(`event: begin\ndata: ${recording.id}\n\n`);
  for (let end = rows.length; end > 0; end -= ROWS_AT_ONCE)
    response.write(`data: ${JSON.stringify(rows.slice(Math.max(0, end - ROWS_AT_ONCE), end))}\n\n`);
  const stop = recording.listen((changed) => response.write(`data: ${JSON.stringify(changed)}\n\n`));
  streams.add(response);
  response.once('close', () => {
    stop();
    streams.delete(response);
  });
}

const Question = z.record(z.string(), z.string());

async function answer(answers: Answers, path: string, request: IncomingMessage, response: ServerResponse) {
  try {
    const name = path.slice('/console/'.length);
    // An own property only: `constructor` is no question.
    const answered = Object.entries(answers).find(([one]) => one === name)?.[1];
    const question = Question.parse(JSON.parse(await text(request)));
    if (answered === undefined) return fail(response, 404, 'the page cannot do this here');
    const content = JSON.stringify(await answered(question));
    response.writeHead(200, { ...HEADERS, 'content-type': 'application/json' }).end(content);
  } catch (error) {
    fail(response, error instanceof UserError ? 409 : 500, messageOf(error));
  }
}
