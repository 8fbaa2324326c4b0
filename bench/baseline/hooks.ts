import { registerHooks } from 'node:module';

const url = (file: string) => new URL(file, import.meta.url).href;
const CLIENT = url('../../functions/aws/client.ts');
const SDK_CLIENT = url('sdk-client.ts');

/** Marks a module, and all of ours that it imports: they are loaded a second time, with the SDK in place of our client. */
const MARK = '?sdk';

registerHooks({
  resolve: (specifier, context, next) => {
    const resolved = next(specifier, context);
    const { parentURL = '' } = context;
    const isOurs = resolved.url.startsWith('file:') && !resolved.url.includes('/node_modules/');
    if (!parentURL.endsWith(MARK) || !isOurs) return resolved;
    const isReplaced = resolved.url === CLIENT && parentURL !== `${SDK_CLIENT}${MARK}`;
    return { ...resolved, url: `${isReplaced ? SDK_CLIENT : resolved.url}${MARK}` };
  },
});

/** The code as it is deployed, and the same code on the SDK. */
export const VARIANTS = ['ours', 'sdk'] as const;
export type Variant = (typeof VARIANTS)[number];

/** Imports a module of the repository, such as `functions/events.ts`, in one of the variants. */
export const load = (file: string, variant: Variant): Promise<unknown> =>
  import(`${url(`../../${file}`)}${variant === 'sdk' ? MARK : ''}`);
