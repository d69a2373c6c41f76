// Finds pages by their words. This script and the index (`assets/search-index.js`, see `reportgen/site/search.py`) are
// loaded when somebody searches; the words are indexed then, by MiniSearch.

import MiniSearch from "minisearch";
import type { Excerpt, Finder, Found } from "./search_box";
import { folded } from "./text";

declare global {
  interface Window {
    reportgenSearch?: Page[];
    reportgenFinder?: Promise<Finder>;
  }
}

/** Address, title, title of the study that it is a page of, and its sections. */
type Page = [string, string, string, Section[]];
/** Id, heading, and the beginning of what is said under it. */
type Section = [string, string, string];

const WORD = /([\p{L}\p{M}\p{N}]+)/u;
/** Scripts that write no spaces between words. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const PAGES_AT_ONCE = 20;
const SHORTEST_TO_MISSPELL = 5;
const BEFORE = 60;
const LONGEST = 200;

function words(term: string): string | string[] {
  if (!UNSPACED.test(term)) return folded(term);
  const pieces = [...new Intl.Segmenter(undefined, { granularity: "word" }).segment(term)];
  return pieces.filter(({ isWordLike }) => isWordLike).map(({ segment }) => folded(segment));
}

async function finder(pages: Page[]): Promise<Finder> {
  const index = new MiniSearch<{ id: number; title: string; headings: string; text: string }>({
    fields: ["title", "headings", "text"],
    tokenize: (text) => text.split(/[^\p{L}\p{M}\p{N}]+/u).filter(Boolean),
    processTerm: words,
  });
  const documents = pages.map(([, title, study, sections], id) => ({
    id,
    title: `${title} ${study}`,
    headings: sections.map(([, heading]) => heading).join(" "),
    text: sections.map(([, , text]) => text).join(" "),
  }));
  await index.addAllAsync(documents, { chunkSize: PAGES_AT_ONCE });
  return (query, most) => {
    const results = index.search(query, {
      combineWith: "AND",
      prefix: true,
      fuzzy: (term) => (term.length < SHORTEST_TO_MISSPELL ? false : 0.2),
      boost: { title: 4, headings: 2 },
    });
    const best = results.slice(0, most).map(({ id, terms }) => found(pages[id as number] as Page, new Set(terms)));
    return { pages: results.length, best };
  };
}

/** The page at the section that holds most of the words. */
function found([path, title, study, sections]: Page, terms: Set<string>): Found {
  const held = sections.map(([, heading, text]) => new Set(matches(`${heading} ${text}`, terms)).size);
  const [id, heading, text] = sections[held.indexOf(Math.max(...held))] ?? ["", "", ""];
  return { path: id ? `${path}#${id}` : path, title, study, heading, excerpt: excerpt(text, terms) };
}

function isMatch(word: string, terms: Set<string>): boolean {
  return [words(word)].flat().some((term) => terms.has(term));
}

function matches(text: string, terms: Set<string>): string[] {
  return text.split(WORD).filter((word, place) => place % 2 && isMatch(word, terms)).map(folded);
}

/** The text about the first of the words, with all of them marked. */
function excerpt(text: string, terms: Set<string>): Excerpt[] {
  const pieces = text.split(WORD);
  const first = pieces.findIndex((piece, place) => place % 2 && isMatch(piece, terms));
  let from = Math.max(0, first);
  for (let room = BEFORE; from > 0 && room > 0; ) room -= (pieces[--from] as string).length;
  const shown: Excerpt[] = from > 0 ? [{ text: "… ", marked: false }] : [];
  let length = 0;
  for (; from < pieces.length && length < LONGEST; from++) {
    const piece = pieces[from] as string;
    length += piece.length;
    shown.push({ text: piece, marked: from % 2 === 1 && isMatch(piece, terms) });
  }
  return from < pieces.length ? [...shown, { text: " …", marked: false }] : shown;
}

window.reportgenFinder = finder(window.reportgenSearch ?? []);
