import { runCommand } from './command.ts';
import { lineConsole } from './line-console.ts';
import { type Groups, root } from './root.ts';

const GROUPS: Groups = {
  'On this machine': {
    init: {
      about: 'add Bindery to the project in this directory',
      example: 'bindery init',
      load: async () => (await import('./init/init.ts')).init,
    },
    start: {
      about: 'run Bindery here, with embedded AWS services and development secrets',
      example: 'bindery start',
      load: async () => (await import('./start.ts')).start,
    },
    token: {
      about: "print the bearer of a phone's sign-in",
      example: 'bindery token --account alice',
      load: async () => (await import('./token.ts')).token,
    },
    trial: {
      about: 'test a mirror under faults',
      example: 'bindery trial --events 500 --seconds 20',
      load: async () => (await import('./trial/trial.ts')).trial,
    },
  },
  'Send and ask': {
    send: {
      about: 'sign an event such as a login, and send it',
      example: 'bindery send login --app xg-android --token phone-1 --account alice',
      load: async () => (await import('./send.ts')).send,
    },
    query: {
      about: 'ask as an app: tokens of an account, accounts of a token',
      example: 'bindery query --account alice',
      load: async () => (await import('./query.ts')).query,
    },
    devices: {
      about: 'ask as a sender: devices of an account, with dates',
      example: 'bindery devices --account alice',
      load: async () => (await import('./devices.ts')).devices,
    },
    conformance: {
      about: 'test an Account API against its contract, rule by rule',
      example: 'bindery conformance --url URL --app ID --secret @FILE --dialect tpns',
      load: async () => (await import('../conformance/command.ts')).conformance,
    },
  },
  Operate: {
    doctor: {
      about: 'check an instance or a deployment: each finding with what to do',
      example: 'bindery doctor --stage prod',
      load: async () => (await import('./doctor/doctor.ts')).doctor,
    },
    history: {
      about: 'ask the ledger: what happened to a token or an account, and who could have received a push at 14:03',
      example: 'bindery history --token phone-1 --at 14:03',
      load: async () => (await import('./history/history.ts')).history,
    },
    console: {
      about: 'serve the page of an instance for a deployment, read only',
      example: 'bindery console --stage prod',
      load: async () => (await import('./console/console.ts')).consoleOf,
    },
    import: {
      about: 'bind what a list names: CSV, NDJSON, FCM device groups, a Pinpoint export',
      example: 'bindery import --file bindings.csv',
      load: async () => (await import('./import/import.ts')).importing,
    },
    export: {
      about: 'write all bindings as CSV or NDJSON',
      example: 'bindery export --file bindings.csv.gz',
      load: async () => (await import('./export/export.ts')).exporting,
    },
    erase: {
      about: 'erase a person: sign out everywhere, and take the name out of what is stored',
      example: 'bindery erase --account 4711',
      load: async () => (await import('./erase/erase.ts')).erase,
    },
    dlq: {
      about: 'list, show, redrive and purge messages that could not be applied',
      example: 'bindery dlq list',
      load: async () => (await import('./dlq/dlq.ts')).dlq(),
    },
  },
};

// Standard output is for the answer of a command. Logs of the functions go to standard error.
globalThis.console = lineConsole(process.stderr);

await runCommand(root(GROUPS));
