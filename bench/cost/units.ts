import { ONE_PROCESSOR_MB, PRICES } from './prices.ts';

/** Units that AWS bills. `cpuMs` is processor time of the functions alone, `logBytes` the input of CloudWatch Logs. */
export type Units = {
  readonly apiRequests: number;
  readonly invocations: number;
  readonly cpuMs: number;
  readonly sqsRequests: number;
  readonly writeUnits: number;
  readonly readUnits: number;
  readonly logBytes: number;
};

export const UNIT_NAMES = [
  'apiRequests',
  'invocations',
  'cpuMs',
  'sqsRequests',
  'writeUnits',
  'readUnits',
  'logBytes',
] as const satisfies readonly (keyof Units)[];

const unitsBy = (of: (name: keyof Units) => number): Units => ({
  apiRequests: of('apiRequests'),
  invocations: of('invocations'),
  cpuMs: of('cpuMs'),
  sqsRequests: of('sqsRequests'),
  writeUnits: of('writeUnits'),
  readUnits: of('readUnits'),
  logBytes: of('logBytes'),
});

export const NO_UNITS = unitsBy(() => 0);

export const sum = (...all: readonly Partial<Units>[]): Units =>
  unitsBy((name) => all.reduce((total, units) => total + (units[name] ?? 0), 0));

/** The units of a thousand events, from units that were counted on `events`. */
export const perThousand = (units: Units, events: number): Units => unitsBy((name) => (units[name] / events) * 1000);

/** The prices of a design, dollars for a request to its front and for a GB-second, and the memory of its functions. */
export type Setting = { readonly apiRequest: number; readonly memoryMb: number; readonly gbSecond: number };

/**
 * Returns the dollars for a million events, unit by unit. Functions are billed for their processor time, at the share of a
 * processor that their memory gives them. AWS also bills the time they wait. A run on one machine cannot measure that, so
 * it is left out for every design.
 */
export function dollarsPerMillion(thousand: Units, { apiRequest, memoryMb, gbSecond }: Setting): Units {
  const billedS = ((thousand.cpuMs / 1000) * ONE_PROCESSOR_MB) / memoryMb;
  const prices: Units = {
    apiRequests: thousand.apiRequests * apiRequest,
    invocations: thousand.invocations * PRICES.invocation.dollars,
    cpuMs: billedS * (memoryMb / 1024) * gbSecond,
    sqsRequests: thousand.sqsRequests * PRICES.sqsRequest.dollars,
    writeUnits: thousand.writeUnits * PRICES.writeUnit.dollars,
    readUnits: thousand.readUnits * PRICES.readUnit.dollars,
    logBytes: (thousand.logBytes / 1e9) * PRICES.logGb.dollars,
  };
  return unitsBy((name) => prices[name] * 1000);
}

export const total = (units: Units): number => UNIT_NAMES.reduce((all, name) => all + units[name], 0);
