// A statement's text, its tokens shaded by how much attention they get.

import type { Statement } from "./data";
import { el } from "./dom";
import { points } from "./numbers";

// The darkest shade still leaves the words readable in both themes.
const DARKEST = 45;

/** The largest share apart from the first token's, where heads rest when they look at nothing. */
export function scaleOf(rows: number[][]): number {
  return Math.max(0.02, ...rows.flatMap((row) => row.slice(1)));
}

/** One row of attention over a text: from `query` to each token, shaded up to the share at which the scale ends. */
export interface Row {
  query: number;
  shares: number[];
  top: number;
}

export interface ShadedText {
  element: HTMLElement;
  /** Shades the same words by another row; whoever has the focus keeps it. */
  shade(row: Row): void;
}

/** `onToken` is told of the token under the pointer or with the focus, where rows of other tokens are known. */
export function shadedText(statement: Statement, row: Row, onToken?: (place: number) => void): ShadedText {
  const words = statement.tokens.map((text, place) => {
    const word = el("span", { class: "token-word" }, text);
    word.classList.toggle("is-key", statement.keys.includes(place));
    if (onToken) {
      word.tabIndex = 0;
      word.addEventListener("pointerenter", () => onToken(place));
      word.addEventListener("focus", () => onToken(place));
    }
    return word;
  });
  const shade = ({ query, shares, top }: Row) =>
    words.forEach((word, place) => {
      word.classList.toggle("is-query", place === query);
      shadeWord(word, statement.tokens[place] ?? "", shares[place], top);
    });
  shade(row);
  return { element: el("p", { class: "shaded", dir: "auto" }, ...words), shade };
}

function shadeWord(word: HTMLElement, text: string, share: number | undefined, top: number): void {
  if (share === undefined) {
    word.style.background = "";
    word.removeAttribute("title");
    return;
  }
  const strength = Math.min(1, share / top) * DARKEST;
  word.style.background = `color-mix(in srgb, var(--shade) ${strength.toFixed(1)}%, transparent)`;
  word.title = `${text.trim() || "space"}: ${points(share)} points`;
}
