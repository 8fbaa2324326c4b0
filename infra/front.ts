import type { IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import type { DoorFunction } from './function.ts';
import type { HttpDoor } from './settings.ts';

/** `http-api`: one URL, throttled and logged. `function-url`: a URL for each door, at no cost and with neither. */
export const FRONTS = ['http-api', 'function-url'] as const;
export type FrontKind = (typeof FRONTS)[number];

export type HttpDoors = Readonly<Record<HttpDoor, DoorFunction>>;

/** What the world sees of the doors. Both kinds hand over the same payload (format 2.0), and doors route by themselves. */
export type Front = {
  /** Base URLs without a slash at the end, by the name of the stack's output. */
  readonly urls: Readonly<Record<string, string>>;
  readonly requests: IMetric;
  /** Requests answered with 5xx, by a door or in its place. */
  readonly failures: IMetric;
};
