import type { Options, Values } from '../command.ts';
import { PLACE_OPTIONS } from '../place.ts';

export const ERASE_OPTIONS = {
  account: { value: 'A', help: 'the account, as events name it' },
  also: { value: 'A', help: 'another spelling of it. Repeats. Default: none', repeats: true },
  'account-type': {
    value: 'N',
    help: 'only this type. Repeats. Default: every type in the registry, and 0',
    repeats: true,
  },
  app: { value: 'ID', help: 'only this app. Repeats. Default: every app', repeats: true },
  yes: { help: 'erase. Without it, what would be erased is only counted' },
  receipt: { value: 'FILE', help: 'with --yes: write the receipt to this file. Default: print it with --json only' },
  check: { value: 'FILE', help: 'check the receipt of an earlier erase against what is stored now' },
  config: { value: 'FILE', help: 'with --stage: the configuration, which names the apps', default: 'bindery.json' },
  json: { help: 'print one line of JSON' },
  ...PLACE_OPTIONS,
} as const satisfies Options;

export type EraseValues = Values<typeof ERASE_OPTIONS>;
