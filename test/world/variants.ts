/** The values that stand where a provider documents another. */
const ODD: readonly unknown[] = [null, '', 'text', 0, -1, 1e300, true, [], {}, [null], { id: null }];

/** Returns variants of a payload: each of its parts missing, null, of another type, repeated, or as JSON in a text. */
export const variantsOf = (payload: unknown): unknown[] => [...ODD, ...variantsWithin(payload)];

function variantsWithin(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  const isList = Array.isArray(value);
  const inParts = Object.entries(value).flatMap(([key, part]) => {
    const others = [
      undefined,
      ...ODD,
      JSON.stringify(part),
      [part],
      [part, part],
      { [key]: part },
      ...variantsWithin(part),
    ];
    return others.map((other) => (isList ? value.with(Number(key), other) : { ...value, [key]: other }));
  });
  return isList ? [...inParts, [...value, ...value]] : inParts;
}
