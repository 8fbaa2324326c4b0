/**
 * Replaces `@smithy/core/event-streams` in a bundle. The SDK imports it for operations that stream events, and Bindery
 * uses none. With the real module, this one `import()` stops esbuild from joining the modules that it shares with others.
 */
export class EventStreamSerde {
  constructor() {
    throw new Error('bug: this bundle has no event streams. To use them, remove the alias in infra/bundling.ts.');
  }
}
