// The panel of one head in one contrast: its numbers, how its scores are spread, and the statements behind them.

import type { Contrast, StudyData } from "./data";
import { button, el, emptyPlot, entries } from "./dom";
import { decimal, pValue, points, pointsInterval } from "./numbers";
import type { Head } from "./pieces";
import { baseLayout, type Drawing, draw, plain } from "./plots";
import { scaleOf, shadedText } from "./shading";
import { headName, headNamed, type State } from "./state";

const BINS = 24;
const HARDEST = 3;
const HEIGHT = 150;

interface Shown {
  data: StudyData;
  contrast: Contrast;
  head: number;
  piece: Head;
  state: State;
}

/** Fills a panel; `pinned` says whether it is the pinned head's or the chosen one's. */
export async function fillPanel(panel: HTMLElement, shown: Shown, pinned: boolean): Promise<void> {
  const plot = emptyPlot(HEIGHT, `How the scores of ${headName(shown.data, shown.head)} are spread`);
  panel.replaceChildren(
    titleRow(shown, pinned),
    el("p", { class: "head-verdict" }, verdict(shown)),
    entries(numbers(shown)),
    plot,
    ...relations(shown),
    ...hardest(shown),
    ...example(shown),
  );
  await draw(plot, spread(shown));
}

function titleRow({ data, head, state }: Shown, pinned: boolean): HTMLElement {
  const name = headName(data, head);
  if (pinned) {
    return el("div", { class: "head-title" }, el("h3", {}, `${name}, pinned`), button("Unpin", () => state.set({ pin: undefined })));
  }
  const finder = el("input", { class: "head-finder", value: name, "aria-label": "Head, for example L9H1", size: "7", spellcheck: "false" });
  finder.addEventListener("change", () => {
    const found = headNamed(data, finder.value);
    finder.setCustomValidity(found === undefined ? `Layers are 0 to ${data.model.layers - 1}, heads 0 to ${data.model.heads - 1}.` : "");
    if (finder.reportValidity() && found !== undefined) state.set({ head: found });
  });
  finder.addEventListener("input", () => finder.setCustomValidity(""));
  return el("div", { class: "head-title" }, el("h3", { class: "head-name" }, name), finder, button("Pin to compare", () => state.set({ pin: head })));
}

function verdict({ contrast, head }: Shown): string {
  return `${contrast.heads.verdict[head]}; rank ${contrast.heads.rank[head]} of ${contrast.heads.rank.length}`;
}

function numbers({ data, contrast, head }: Shown): [string, string][] {
  const { heads, a, b, compared } = contrast;
  const rows: [string, string][] = [
    [`mean in ${a.name} statements`, `${points(heads.mean_a[head] ?? 0)} ± ${points(heads.sd_a[head] ?? 0)} points`],
    [`mean in ${b.name} statements`, `${points(heads.mean_b[head] ?? 0)} ± ${points(heads.sd_b[head] ?? 0)} points`],
  ];
  const [low, high, standardized, p] = [heads.effect_low[head], heads.effect_high[head], heads.standardized[head], heads.p_value[head]];
  if (low != null && high != null) rows.push(["effect", `${points(heads.effect[head] ?? 0)} ${pointsInterval(low, high)} points`]);
  const [widestLow, widestHigh] = [heads.simultaneous_low[head], heads.simultaneous_high[head]];
  if (widestLow != null && widestHigh != null) rows.push([`interval ${data.tests.interval}`, `${pointsInterval(widestLow, widestHigh)} points`]);
  const crossFitted = heads.cross_fitted[head];
  if (crossFitted != null) rows.push(["cross-fitted", `${points(crossFitted)} points`]);
  if (standardized != null) rows.push([compared === "paired" ? "d_z" : "g", decimal(standardized)]);
  const dominance = heads.dominance[head];
  if (dominance != null) rows.push([compared === "paired" ? `${contrast.design === "paired" ? "pairs" : "clusters"} above minus below` : "Cliff's δ", decimal(dominance)]);
  if (p == null) return rows;
  rows.push(["p, uncorrected", pValue(p)]);
  const headline = contrast.corrections.find(({ method }) => method === data.tests.headline);
  const adjusted = headline && heads.adjusted[headline.method]?.[head];
  if (headline && headline.method !== "none" && adjusted != null) rows.push([`adjusted p, ${headline.name}`, pValue(adjusted)]);
  const equivalence = heads.equivalence[head];
  if (equivalence != null) rows.push([`adjusted p, below ${points(data.tests.smallest_effect)}`, pValue(equivalence)]);
  return rows;
}

function counted(values: number[], from: number, width: number): number[] {
  const counts = new Array<number>(BINS).fill(0);
  for (const value of values) counts[Math.min(BINS - 1, Math.max(0, Math.floor((value - from) / width)))]! += 1;
  return counts;
}

function known(statements: number[], piece: Head): number[] {
  return statements.map((place) => piece.scores.get(place) ?? Number.NaN).filter((score) => !Number.isNaN(score));
}

/** The difference within each pair whose scores are known, with the statement of A. */
function differences({ contrast, piece }: Shown): { statement: number; value: number }[] {
  return contrast.a.statements
    .map((statement, pair) => {
      const twin = contrast.b.statements[pair];
      const [a, b] = [piece.scores.get(statement), twin === undefined ? undefined : piece.scores.get(twin)];
      return { statement, value: a === undefined || b === undefined ? Number.NaN : a - b };
    })
    .filter(({ value }) => !Number.isNaN(value));
}

function bars(values: number[], from: number, to: number, colour: string, name: string, axis = ""): Record<string, unknown> {
  const width = (to - from) / BINS || 1;
  const counts = counted(values, from, width);
  return {
    type: "bar",
    x: counts.map((_, bin) => (from + (bin + 0.5) * width) * 100),
    y: counts,
    width: width * 100,
    xaxis: `x${axis}`,
    yaxis: `y${axis}`,
    marker: { color: colour },
    opacity: 0.6,
    hovertemplate: `${plain(name)}, about %{x:.1f} points: %{y}<extra></extra>`,
  };
}

/** The scores of both sets over one another and, in a paired contrast, the differences beside them. */
function spread(shown: Shown): Drawing {
  const { contrast, piece } = shown;
  const [a, b] = [known(contrast.a.statements, piece), known(contrast.b.statements, piece)];
  const paired = contrast.design === "paired";
  const top = Math.max(0.001, ...a, ...b);
  const apart = paired ? differences(shown).map(({ value }) => value) : [];
  const [least, most] = [Math.min(0, ...apart), Math.max(0.001, ...apart)];
  const axis = { ticks: "", zeroline: false, showgrid: false, fixedrange: true, nticks: 5, tickfont: { size: 11, color: "var(--ink-soft)" } };
  const title = (text: string) => ({ text, font: { size: 11, color: "var(--ink-soft)" }, standoff: 4 });
  return {
    data: [
      bars(a, 0, top, "var(--set-a)", contrast.a.name),
      bars(b, 0, top, "var(--set-b)", contrast.b.name),
      ...(paired ? [bars(apart, least, most, "var(--ink-soft)", "difference", "2")] : []),
    ],
    layout: {
      ...baseLayout(HEIGHT),
      margin: { l: 26, r: 8, t: 8, b: 38 },
      barmode: "overlay",
      bargap: 0,
      xaxis: { ...axis, domain: [0, paired ? 0.46 : 1], title: title("score, points") },
      yaxis: axis,
      ...(paired && {
        xaxis2: { ...axis, domain: [0.56, 1], anchor: "y2", zeroline: true, zerolinecolor: "var(--ink)", title: title("difference, points") },
        yaxis2: { ...axis, anchor: "x2" },
      }),
    },
  };
}

function relations({ contrast, piece }: Shown): HTMLElement[] {
  const found = piece.relations[contrast.id] ?? [];
  if (found.length < 2) return [];
  const rows = found.map(({ relation, n, effect, low, high }): [string, string] => {
    const interval = low === null || high === null ? "" : ` ${pointsInterval(low, high)}`;
    return [relation, `${points(effect)}${interval} (n = ${n})`];
  });
  return [el("h4", {}, "Effect by relation, points"), entries(rows)];
}

function statementButton({ data, state }: Shown, statement: number, value: number): HTMLElement {
  const open = button(data.statements[statement]?.text ?? "", () => {
    state.set({ statement });
    document.getElementById("read")?.scrollIntoView();
  }, { class: "statement-link", dir: "auto" });
  return el("li", {}, open, ` ${points(value)}`);
}

function hardest(shown: Shown): HTMLElement[] {
  const { contrast, piece } = shown;
  const paired = contrast.design === "paired";
  const alone = [...contrast.a.statements, ...contrast.b.statements].map((statement) => ({ statement, value: piece.scores.get(statement) ?? Number.NaN }));
  const sorted = (paired ? differences(shown) : alone.filter(({ value }) => !Number.isNaN(value))).sort((one, other) => other.value - one.value);
  const list = (chosen: typeof sorted) => el("ul", { class: "hardest" }, ...chosen.map(({ statement, value }) => statementButton(shown, statement, value)));
  const what = paired ? "difference" : "score";
  return [
    el("h4", {}, `Largest and smallest ${what}, points`),
    list(sorted.slice(0, HARDEST)),
    list(sorted.slice(-HARDEST)),
  ];
}

function example({ data, piece, head, contrast }: Shown): HTMLElement[] {
  const chosen = data.explorer.examples.find(({ statement }) => contrast.a.statements.includes(statement))?.statement;
  const statement = chosen === undefined ? undefined : data.statements[chosen];
  const row = chosen === undefined ? undefined : piece.row(chosen);
  if (!statement || !row) return [];
  const text = shadedText(statement, { query: statement.query, shares: row, top: scaleOf([row]) });
  return [el("h4", {}, `What ${headName(data, head)} looks at from the framed token`), text.element];
}
