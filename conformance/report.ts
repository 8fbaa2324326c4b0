import type { Judgement } from './judgement.ts';
import type { Setting } from './rule.ts';

const VERDICTS = ['holds', 'does not hold', 'not applicable'] as const;

/** Returns one line of the table. A broken rule has a second line with the observation. */
export function lineOf({ rule, verdict, reason }: Judgement): string {
  const line = `${verdict.padEnd(16)}${rule.name.padEnd(28)}${rule.says}`;
  if (reason === undefined) return line;
  return verdict === 'not applicable' ? `${line} (${reason})` : `${line}\n${' '.repeat(44)}${reason}`;
}

export function summaryOf({ dialect, authentication, policy }: Setting, judgements: readonly Judgement[]): string {
  const counts = VERDICTS.map((verdict) => `${count(judgements, verdict)} ${verdict}`);
  return `${dialect}, ${authentication}, policy ${policy}: ${counts.join(', ')}`;
}

/** Returns the report as JSON. */
export const jsonOf = (setting: Setting, judgements: readonly Judgement[]): string =>
  JSON.stringify({
    ...setting,
    rules: judgements.map(({ rule, verdict, reason }) => {
      const { name, says, from } = rule;
      return { name, says, from, verdict, ...(reason !== undefined && { reason }) };
    }),
  });

export const count = (judgements: readonly Judgement[], verdict: Judgement['verdict']): number =>
  judgements.filter((judgement) => judgement.verdict === verdict).length;
