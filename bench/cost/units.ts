import { ONE_PROCESSOR_MB, PRICES } from './prices.ts';

/** What AWS bills for, counted. `cpuMs` is processor time of the functions alone, `logBytes` what CloudWatch takes in. */
export type Units = {
  readonly apiRequests: number;
  readonly invocations: number;
  readonly cpuMs: number;
  readonly sqsRequests: number;
  readonly writeUnits: number;
  readonly readUnits: number;
  readonly logBytes: number;
};

export const NAMES = [
  'apiRequests',
  'invocations',
  'cpuMs',
  'sqsRequests',
  'writeUnits',
  'readUnits',
  'logBytes',
] as const satisfies readonly (keyof Units)[];

const made = (of: (name: keyof Units) => number): Units => ({
  apiRequests: of('apiRequests'),
  invocations: of('invocations'),
  cpuMs: of('cpuMs'),
  sqsRequests: of('sqsRequests'),
  writeUnits: of('writeUnits'),
  readUnits: of('readUnits'),
  logBytes: of('logBytes'),
});

export const NO_UNITS = made(() => 0);

export const sum = (...all: readonly Partial<Units>[]): Units =>
  made((name) => all.reduce((total, units) => total + (units[name] ?? 0), 0));

/** The units for a thousand events, counted on so many. */
export const perThousand = (units: Units, events: number): Units => made((name) => (units[name] / events) * 1000);

/** Where it runs: what its front asks for a request (dollars), its functions' memory and what a GB-second costs. */
export type Setting = { readonly apiRequest: number; readonly memoryMb: number; readonly gbSecond: number };

/**
 * Dollars for a million events, position by position. Functions are billed for as long as their processor time takes
 * at the share of a processor that their memory gives them. They are billed while they wait as well, which a run on one
 * machine cannot say: left out for every design.
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
  return made((name) => prices[name] * 1000);
}

export const total = (units: Units): number => NAMES.reduce((all, name) => all + units[name], 0);
