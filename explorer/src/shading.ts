// A statement's text, its tokens shaded by how much attention they get.

import type { Statement } from "./data";
import { el } from "./dom";
import { points } from "./numbers";

// The darkest shade still leaves the words readable in both themes.
const DARKEST = 45;

export interface Shaded {
  statement: Statement;
  /** The row's position, and its share of attention to each token. */
  query: number;
  row: number[];
  /** The share at which the scale ends. */
  top: number;
}

/** The largest share apart from the first token's, where heads rest when they look at nothing. */
export function scaleOf(rows: number[][]): number {
  return Math.max(0.02, ...rows.flatMap((row) => row.slice(1)));
}

function roles(statement: Statement, place: number, query: number): string {
  const named = ["token-word"];
  if (statement.keys.includes(place)) named.push("is-key");
  if (place === query) named.push("is-query");
  return named.join(" ");
}

/** `onToken` is told of the token under the pointer or with the focus, where rows of other tokens are known. */
export function shadedText({ statement, query, row, top }: Shaded, onToken?: (place: number) => void): HTMLElement {
  const words = statement.tokens.map((text, place) => {
    const share = row[place];
    const word = el("span", { class: roles(statement, place, query) }, text);
    if (share === undefined) return word;
    const strength = Math.min(1, share / top) * DARKEST;
    word.style.background = `color-mix(in srgb, var(--shade) ${strength.toFixed(1)}%, transparent)`;
    word.title = `${text.trim() || "space"}: ${points(share)} points`;
    if (onToken) {
      word.tabIndex = 0;
      word.addEventListener("pointerenter", () => onToken(place));
      word.addEventListener("focus", () => onToken(place));
    }
    return word;
  });
  return el("p", { class: "shaded", dir: "auto" }, ...words);
}
