/**
 * In a bundle this stands for `@smithy/core/event-streams`. The SDK imports it when an operation streams events, which
 * none of ours does; but the one `import()` keeps esbuild from joining the modules that it shares with the rest.
 */
export class EventStreamSerde {
  constructor() {
    throw new Error('bundled without event streams: see infra/function.ts');
  }
}
