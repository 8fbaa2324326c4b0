/** The part of dynalite's interface that is used here; the package has no types of its own. */
declare module 'dynalite' {
  import type { Server } from 'node:http';

  /** `path` is a folder to keep tables in; without it they are in memory. Times are in ms. */
  export type Options = { readonly path?: string; readonly createTableMs?: number; readonly deleteTableMs?: number };

  // The module is CommonJS: what it exports is the default of the import.
  // biome-ignore lint/style/noDefaultExport: the package's own shape.
  export default function dynalite(options?: Options): Server;
}
