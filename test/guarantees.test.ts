import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const read = (file: string) => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');
const page = read('docs/guarantees.md');

/** The tests that a page names: a file, and the title of a test in it. */
const held = [...(page + read('docs/phone.md')).matchAll(/`(test\/[\w/.-]+\.ts)`(?:: | \()"([^"]+)"/g)].map(
  ([, file = '', title = '']) => ({
    file,
    title,
  }),
);

test('every guarantee has a reason, tests that hold it, and says what is not promised', () => {
  const sections = page.split(/^## (?=G\d)/m).slice(1);
  expect(sections.map((section) => section.slice(0, 2))).toEqual(['G1', 'G2', 'G3', 'G4', 'G5', 'G6', 'G7', 'G8']);
  for (const section of sections)
    for (const part of ['*Why.*', '*Held by*', '*Not promised.*']) expect(section).toContain(part);
});

test.each(held)('the page names a test that exists: $title', ({ file, title }) => {
  expect(existsSync(new URL(`../${file}`, import.meta.url))).toBe(true);
  const titles = [...read(file).matchAll(/(?:(?:test|describe)(?:\.concurrent)?|\]\))\(\s*(['"])(.+?)\1/g)].map(
    ([, , text = '']) => text,
  );
  expect(titles).toContain(title);
});
