import { json, ref, type Schema } from './schemas.ts';

const message = { type: 'object', properties: { message: { type: 'string' } } };

/**
 * Answers that AWS gives before a request reaches Bindery, or in its place. Examples are of an HTTP API. Function URLs and
 * proxies have other bodies, so a client decides by the status alone.
 */
export const GATEWAY_RESPONSES: Schema = {
  TooManyRequests: {
    description: 'Too many requests. Nothing was accepted: send it again, after growing pauses.',
    content: json(message, { gateway: { message: 'Too Many Requests' } }),
  },
  HeadersTooLarge: {
    description: 'Request line and headers are larger than 10 KB. Nothing was accepted.',
    content: json(message, { gateway: { message: 'Request Header Fields Too Large' } }),
  },
  NoAnswer: {
    description: 'AWS answers in the place of Bindery. It may or may not have been accepted: send it again.',
    content: json(message, { gateway: { message: 'Service Unavailable' } }),
  },
};

/** The entries of these answers in each operation. */
export const GATEWAY: Schema = {
  429: ref('responses', 'TooManyRequests'),
  431: ref('responses', 'HeadersTooLarge'),
  '5XX': ref('responses', 'NoAnswer'),
};
