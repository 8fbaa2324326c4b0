declare module 'dynalite' {
  import type { Server } from 'node:http';

  /** `path` keeps the tables in a LevelDB folder; without it they are in memory. */
  type Options = { readonly path?: string; readonly createTableMs?: number };

  /** An HTTP server that speaks DynamoDB's JSON protocol. Closing it closes its database too. */
  function dynalite(options: Options): Server;

  export = dynalite;
}
