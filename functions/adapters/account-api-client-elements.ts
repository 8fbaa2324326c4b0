import * as z from 'zod/mini';
import type { ElementResult } from '../wire/operate-reply.ts';
import type { OperateRequest } from '../wire/operate-request.ts';

/**
 * Places of elements that the dialect cannot say, such as a token longer than XG's 64 bytes. They are not sent: one of
 * them would have the whole request refused.
 */
export function unsayableIn(codec: z.core.$ZodType<OperateRequest>, request: OperateRequest): ReadonlySet<number> {
  const encoded = z.safeEncode(codec, request);
  // An issue's path begins with the list and the place in it.
  const places = encoded.success ? [] : encoded.error.issues.map(({ path }) => path[1]);
  return new Set(places.filter((place) => typeof place === 'number'));
}

/** The request without the elements at `places`, or nothing where none is left. */
export function without(request: OperateRequest, places: ReadonlySet<number>): OperateRequest | undefined {
  if (places.size === 0) return request;
  if (places.size === sizeOf(request)) return undefined;
  const isLeft = (_: unknown, place: number) => !places.has(place);
  switch (request.kind) {
    case 'unbindTokenFromAll':
      return { ...request, tokens: request.tokens.filter(isLeft) };
    case 'unbindAccountFromAll':
      return { ...request, accounts: request.accounts.filter(isLeft) };
    default:
      return { ...request, elements: request.elements.filter(isLeft) };
  }
}

export function sizeOf(request: OperateRequest): number {
  switch (request.kind) {
    case 'unbindTokenFromAll':
      return request.tokens.length;
    case 'unbindAccountFromAll':
      return request.accounts.length;
    default:
      return request.elements.length;
  }
}

/**
 * A result for each of `size` elements: what was said of those that were sent, and `refused` for the others. Nothing
 * where the lists do not match. A reply may have no list, or one for all (TPNS's own sample answers two tokens with
 * one result): then success speaks for every element.
 */
export function resultsOf(
  size: number,
  unsayable: ReadonlySet<number>,
  said: readonly ElementResult[],
): readonly ElementResult[] | undefined {
  const sent = size - unsayable.size;
  const isForAll = said.length !== sent && said.every((result) => result === 'done');
  if (said.length !== sent && !isForAll) return undefined;
  const results = said.values();
  return Array.from({ length: size }, (_, place): ElementResult => {
    if (unsayable.has(place)) return 'refused';
    return isForAll ? 'done' : (results.next().value ?? 'unavailable');
  });
}

/**
 * What was found of each name asked, in the order asked; a hosted API may leave out what it did not find. Nothing where
 * a name was not asked for: an answer in which names look different would otherwise read as "nothing is bound".
 */
export function inOrder<T>(
  asked: readonly string[],
  found: readonly (readonly [name: string, bound: readonly T[]])[],
): readonly (readonly T[])[] | undefined {
  if (found.some(([name]) => !asked.includes(name))) return undefined;
  const bound = new Map(found);
  return asked.map((name) => bound.get(name) ?? []);
}
