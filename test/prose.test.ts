import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const ROOMS = [
  'client',
  'examples',
  'functions',
  'infra',
  'local',
  'cli',
  'conformance',
  'openapi',
  'package',
  'bench',
  'test',
];

/** First words of comments that do not name the thing. */
const NO_NOUN = /^(?:What|Whatever|Who|Whoever|Whether|Where|Those|Nothing|The same)\b/;

/** Words that hide the actor, or that have a plainer word in the glossary. */
const NOT_PLAIN =
  /\b(?:whoever|nobody|somebody|whom|anybody|everybody|hosted side|(?:is|are|was|were|be|has|have) (?:told|heard|said))\b/i;

/** First words of a title whose subject stands elsewhere: function words, and verbs. */
const NO_SUBJECT = new RegExp(
  `^(?:${[
    'of and or but nor so as that than whose with without to in into on at by for from over against within outside',
    'when while where whatever whoever what before after until unless is are was were be has have had does do did',
    'can cannot may must let lets not never only also even still always again once twice they it its left made sent',
    'takes says leaves keeps goes ends gives writes begins holds makes changes forgets draws delivers replaces waits',
    'loses refuses sees finds tells frees gets covers adds passes fits hides deletes unbinds closes hears costs repairs',
    'receives speaks uses remembers wins binds copies sorts puts differs prints shows stops sends spares means signs',
    'awaits compares meets stays counts answers reads come go say wait include restricted received deleted written told',
  ]
    .join(' ')
    .replaceAll(' ', '|')})\\b`,
);

const COMMENT = /(?:\/\*\*|^\s*\*|\/\/) *(.*)$/gm;
const TITLE = /(?:\btest(?:\.\w+\([^\n]*\))?|^\s*\]\))\(\s*(['"`])((?:\\.|(?!\1).)+)\1,/gm;

const files = ROOMS.flatMap((room) => globSync(`${room}/**/*.{ts,tsx}`)).filter(
  (file) => file !== 'test/prose.test.ts',
);
const sources = files.map((file) => ({ file, source: readFileSync(file, 'utf8') }));

const comments = sources.flatMap(({ file, source }) =>
  [...source.matchAll(COMMENT)].map(([, text = '']) => ({ file, text })),
);
const titles = sources
  .filter(({ file }) => file.endsWith('.test.ts'))
  .flatMap(({ file, source }) => [...source.matchAll(TITLE)].map(([, , text = '']) => ({ file, text })));

test('a comment starts with the thing that it is about, or with a verb', () => {
  expect(comments.filter(({ text }) => NO_NOUN.test(text))).toEqual([]);
});

test('comments and test titles name the actor, in the words of the glossary', () => {
  expect([...comments, ...titles].filter(({ text }) => NOT_PLAIN.test(text))).toEqual([]);
});

test('a test title starts with its subject', () => {
  expect(titles.length).toBeGreaterThan(500);
  expect(titles.filter(({ text }) => NO_SUBJECT.test(text))).toEqual([]);
});
