import * as z from 'zod';
import { UserError } from '../../local/user-error.ts';
import { type Fault, FIELDS, type Field, type Row } from './row.ts';

/** Rows of one record of a list; a fault; or the reason why it is left out on purpose. */
export type Rows = { readonly rows: readonly Row[] } | Fault | { readonly skipped: string };

export const FORMATS = ['csv', 'ndjson', 'fcm-groups', 'pinpoint'] as const;
export type Format = (typeof FORMATS)[number];

/** Returns the format that a file's name says. */
export function formatOf(file: string, given: string | undefined): Format {
  const named = /\.(csv|ndjson|jsonl)(?:\.gz)?$/i.exec(file)?.[1]?.toLowerCase();
  const format = FORMATS.find((one) => one === (given ?? (named === 'jsonl' ? 'ndjson' : named)));
  if (format !== undefined) return format;
  const what = given === undefined ? `the name ${file} says no format: give --format` : `--format ${given}: must be`;
  throw new UserError(`${what}, one of ${FORMATS.join(', ')}`);
}

/** The column, or the path such as `user.id`, of each field. */
export type Mapping = ReadonlyMap<Field, string>;

/** Reads `token=push_token,account=user_id`. A field that is not named has the column of its own name. */
export function mappingIn(texts: readonly string[]): Mapping {
  const pairs = texts
    .flatMap((text) => text.split(','))
    .map((pair): [Field, string] => {
      const [, name = '', column = ''] = /^([^=]+)=(.+)$/.exec(pair.trim()) ?? [];
      const field = FIELDS.find((one) => one === name);
      if (field !== undefined) return [field, column];
      throw new UserError(`--map ${pair}: must be FIELD=COLUMN, and a field is one of ${FIELDS.join(', ')}`);
    });
  return new Map([...FIELDS.map((field): [Field, string] => [field, field]), ...pairs]);
}

/** Returns the reader of one record in a format. */
export const rowsIn = (format: Format, mapping: Mapping): ((record: unknown) => Rows) => {
  if (format === 'fcm-groups') return groupIn;
  if (format === 'pinpoint') return endpointIn;
  return (record) => {
    const row = [...mapping].flatMap(([field, column]) => {
      const value = valueAt(record, column);
      return value === undefined ? [] : [[field, value] as const];
    });
    return { rows: [Object.fromEntries(row)] };
  };
};

function valueAt(record: unknown, column: string): string | undefined {
  const own = fieldOf(record, column);
  const value = own === undefined ? column.split('.').reduce<unknown>(fieldOf, record) : own;
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined;
}

const fieldOf = (record: unknown, name: string): unknown =>
  typeof record === 'object' && record !== null && Object.hasOwn(record, name) ? Reflect.get(record, name) : undefined;

/**
 * A device group of FCM, as a back end writes it to manage one. FCM itself lists no groups and no members: the back end's
 * own records are the export. https://firebase.google.com/docs/cloud-messaging/device-group
 */
const Group = z.object({ notification_key_name: z.string(), registration_ids: z.array(z.string()) });

function groupIn(record: unknown): Rows {
  const group = Group.safeParse(record);
  if (!group.success) return { fault: 'is no device group: notification_key_name and registration_ids' };
  const { notification_key_name: account, registration_ids: tokens } = group.data;
  return { rows: tokens.map((token) => ({ token, account })) };
}

/**
 * An endpoint in an export job of Amazon Pinpoint: one JSON object a line, in files with gzip.
 * https://docs.aws.amazon.com/pinpoint/latest/apireference/apps-application-id-endpoints-endpoint-id.html
 */
const Endpoint = z.object({
  ChannelType: z.string(),
  Address: z.string().optional(),
  EndpointStatus: z.string().optional(),
  OptOut: z.string().optional(),
  EffectiveDate: z.string().optional(),
  User: z.object({ UserId: z.string().optional() }).optional(),
});

/** Channels of push, without the suffixes `_SANDBOX`, `_VOIP` and `_VOIP_SANDBOX`: those have other tokens. */
const PLATFORMS = new Map([
  ['APNS', 'ios'],
  ['GCM', 'android'],
]);

function endpointIn(record: unknown): Rows {
  const endpoint = Endpoint.safeParse(record);
  if (!endpoint.success) return { fault: 'is no endpoint: ChannelType, Address, User.UserId' };
  const { ChannelType, Address, EndpointStatus, OptOut, EffectiveDate, User } = endpoint.data;
  const platform = PLATFORMS.get(ChannelType);
  if (platform === undefined) return { skipped: 'another channel than APNS and GCM' };
  // Pinpoint itself makes an endpoint inactive when another one takes its address.
  if (EndpointStatus?.toUpperCase() === 'INACTIVE') return { skipped: 'inactive' };
  if (OptOut?.toUpperCase() === 'ALL') return { skipped: 'opted out' };
  if (!User?.UserId) return { skipped: 'without a user' };
  const when = EffectiveDate === undefined ? {} : { bound_at: EffectiveDate };
  return { rows: [{ platform, account: User.UserId, ...(Address !== undefined && { token: Address }), ...when }] };
}
