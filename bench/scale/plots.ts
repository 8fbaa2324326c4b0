import type { Plot } from './svg.ts';

/** The plots, each with the CSV in docs/performance/ that it draws. */
export const PLOTS: Readonly<Record<string, { readonly csv: string; readonly plot: Plot }>> = {
  'account-reads': {
    csv: 'account',
    plot: {
      title: 'An account with many phones: what a question costs',
      x: { column: 'tokens', label: 'phones the account was bound to', scale: 'log' },
      y: { label: 'read units', scale: 'log' },
      lines: [
        { column: 'query_read_units', label: 'query: all its phones' },
        { column: 'stamp_read_units', label: 'sign-out everywhere (Account API)' },
      ],
    },
  },
  'account-writes': {
    csv: 'account',
    plot: {
      title: 'An account with many phones: what a change costs',
      x: { column: 'tokens', label: 'phones the account was bound to', scale: 'log' },
      y: { label: 'write units', scale: 'linear' },
      lines: [
        { column: 'bind_write_units', label: 'one more phone' },
        { column: 'everywhere_write_units', label: 'sign-out everywhere' },
      ],
    },
  },
  'account-cpu': {
    csv: 'account',
    plot: {
      title: 'An account with many phones: what a question takes',
      x: { column: 'tokens', label: 'phones the account was bound to', scale: 'log' },
      y: { label: 'processor time (ms)', scale: 'log' },
      lines: [{ column: 'query_cpu_ms', label: 'query: all its phones' }],
    },
  },
  'token-writes': {
    csv: 'token',
    plot: {
      title: 'A phone with several accounts: what a change costs',
      x: { column: 'accounts', label: 'accounts on the phone', scale: 'linear' },
      y: { label: 'write units', scale: 'linear' },
      lines: [
        { column: 'login_write_units', label: 'login of all of them' },
        { column: 'logout_write_units', label: 'logout' },
      ],
    },
  },
  'token-reads': {
    csv: 'token',
    plot: {
      title: 'A phone with several accounts: what a question costs',
      x: { column: 'accounts', label: 'accounts on the phone', scale: 'linear' },
      y: { label: 'read units', scale: 'linear' },
      lines: [
        { column: 'query_read_units', label: 'query: all its accounts' },
        { column: 'login_read_units', label: 'login or logout' },
      ],
    },
  },
  'batch-requests': {
    csv: 'batch',
    plot: {
      title: 'Events a request: requests to AWS',
      x: { column: 'events', label: 'events a request', scale: 'log' },
      y: { label: 'requests an event', scale: 'log' },
      lines: [
        { column: 'sqs_requests', label: 'SQS' },
        { column: 'invocations', label: 'Lambda' },
      ],
    },
  },
  'batch-cpu': {
    csv: 'batch',
    plot: {
      title: 'Events a request: processor time',
      x: { column: 'events', label: 'events a request', scale: 'log' },
      y: { label: 'ms an event, door and worker', scale: 'log' },
      lines: [{ column: 'cpu_ms', label: 'both functions' }],
    },
  },
  backlog: {
    csv: 'backlog',
    plot: {
      title: 'A backlog of 100,000 messages, drained',
      x: { column: 'drained', label: 'messages drained', scale: 'linear' },
      y: { label: 'µs of processor a message', scale: 'linear' },
      lines: [
        { column: 'first_cpu_us', label: 'first delivery' },
        { column: 'again_cpu_us', label: 'delivered again' },
      ],
    },
  },
};
