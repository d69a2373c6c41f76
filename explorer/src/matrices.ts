// Whole patterns as matrices: every token's attention to every token before it, and how twins differ in it.

import type { Statement } from "./data";
import { baseLayout, type Drawing, plain } from "./plots";

const GREYS = [[0, "var(--evidence-low)"], [1, "var(--evidence-high)"]];
const SETS = [[0, "var(--set-b)"], [0.5, "var(--zero)"], [1, "var(--set-a)"]];
const HEIGHTS = { around: 130, least: 160, most: 560, token: 24 };

/** The height of a matrix over so many tokens, in pixels. */
export function heightOf(tokens: number): number {
  return HEIGHTS.around + Math.min(HEIGHTS.most, Math.max(HEIGHTS.least, tokens * HEIGHTS.token));
}

/** One statement's pattern [query][key ≤ query]; the scale ends at the share `top`. */
export function patternMatrix(statement: Statement, pattern: number[][], height: number, top: number): Drawing {
  const title = statement.truth ? "true" : "false";
  const colour = statement.truth ? "var(--set-a)" : "var(--set-b)";
  return matrix(namesOf(statement), pattern, height, { scale: GREYS, from: 0, to: top, title, colour });
}

/** The true statement's pattern minus its twin's, which has as many tokens. */
export function differenceMatrix(statement: Statement, twin: Statement, patterns: [number[][], number[][]], height: number): Drawing {
  const [mine, other] = patterns;
  const difference = mine.map((row, query) => row.map((share, key) => share - (other[query]?.[key] ?? 0)));
  const top = Math.max(0.01, ...difference.flat().map(Math.abs));
  const names = namesOf(statement).map((name, place) => {
    const text = (twin.tokens[place] ?? "").trim();
    return text === statement.tokens[place]?.trim() ? name : `${name}<br>${plain(text)}`;
  });
  return matrix(names, difference, height, { scale: SETS, from: -top, to: top, title: "true − false", colour: "var(--ink)" });
}

function namesOf(statement: Statement): string[] {
  return statement.tokens.map((text, place) => {
    const mark = place === statement.query ? "▸ " : statement.keys.includes(place) ? "• " : "";
    return mark + plain(text.trim() || "␣");
  });
}

interface Look {
  scale: (string | number)[][];
  from: number;
  to: number;
  title: string;
  colour: string;
}

function matrix(names: string[], shares: number[][], height: number, look: Look): Drawing {
  const soft = { size: 11, color: "var(--ink-soft)" };
  const axis = { tickmode: "array", tickvals: names.map((_, place) => place), ticktext: names, ticks: "", showgrid: false, zeroline: false, fixedrange: true, tickfont: soft, automargin: true };
  const title = (text: string) => ({ text, font: soft, standoff: 4 });
  const inPoints = (share: number) => Math.round(share * 1000) / 10;
  return {
    data: [
      {
        type: "heatmap",
        z: shares.map((row) => names.map((_, key) => (key < row.length ? inPoints(row[key] ?? 0) : null))),
        colorscale: look.scale,
        zmin: 100 * look.from,
        zmax: 100 * look.to,
        xgap: 1,
        ygap: 1,
        showscale: false,
        hoverongaps: false,
        hovertemplate: "from %{y} to %{x}: %{z} points<extra></extra>",
      },
    ],
    layout: {
      ...baseLayout(height),
      margin: { l: 60, r: 8, t: 30, b: 60 },
      title: { text: look.title, x: 0, xanchor: "left", font: { size: 12, color: look.colour } },
      xaxis: { ...axis, range: [-0.5, names.length - 0.5], title: title("to") },
      yaxis: { ...axis, range: [names.length - 0.5, -0.5], title: title("from") },
    },
  };
}
