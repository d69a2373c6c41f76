// All heads of a contrast as points on two axes that the reader chooses: click one to open it, draw around some to
// list them.

import type { Contrast, StudyData } from "./data";
import { button, el, emptyPlot } from "./dom";
import { hoverTexts } from "./map";
import { baseLayout, type Drawing, draw, plain } from "./plots";
import { headName, type State, type View } from "./state";

const HEIGHT = 420;

interface Metric {
  name: string;
  of(head: number): number | null | undefined;
}

interface SelectableElement extends HTMLElement {
  on(event: string, listener: (event?: { points: { customdata: number }[] }) => void): void;
}

function metricsOf(data: StudyData, { heads, a, b, compared }: Contrast): Record<string, Metric> {
  const inPoints = (column: (number | null)[]) => (head: number) => (column[head] ?? Number.NaN) * 100;
  return {
    effect: { name: "effect, points", of: inPoints(heads.effect) },
    size: { name: "size of the effect, points", of: (head) => Math.abs(heads.effect[head] ?? Number.NaN) * 100 },
    evidence: { name: "evidence, −log₁₀ p", of: (head) => -Math.log10(Math.max(heads.p_value[head] ?? Number.NaN, 1e-300)) },
    standardized: { name: compared === "paired" ? "d_z" : "g", of: (head) => heads.standardized[head] },
    a: { name: `mean in ${a.name}, points`, of: inPoints(heads.mean_a) },
    b: { name: `mean in ${b.name}, points`, of: inPoints(heads.mean_b) },
    layer: { name: "layer", of: (head) => Math.floor(head / data.model.heads) },
    head: { name: "head", of: (head) => head % data.model.heads },
  };
}

/** Puts the scatter of one contrast into its place on the page, and keeps it at the view. */
export function scatter(root: HTMLElement, data: StudyData, contrast: Contrast, state: State): void {
  const metrics = metricsOf(data, contrast);
  const chooser = (label: string, key: "x" | "y" | "colour") => {
    const select = el("select", {}, ...Object.entries(metrics).map(([id, { name }]) => el("option", { value: id }, name)));
    select.addEventListener("change", () => state.set({ [key]: select.value }));
    return { key, select, box: el("label", {}, `${label} `, select) };
  };
  const choosers = [chooser("Across", "x"), chooser("Up", "y"), chooser("Shade", "colour")];
  const plot = emptyPlot(HEIGHT, "All heads as points; the table of every head holds the same numbers");
  const listed = el("p", { class: "quiet", "aria-live": "polite" }, "Draw around some heads to list them.");
  root.replaceChildren(el("div", { class: "scatter-tools" }, ...choosers.map(({ box }) => box)), plot, listed);

  const list = (heads: number[]) =>
    listed.replaceChildren(
      heads.length ? `${heads.length} of ${contrast.heads.rank.length} heads: ` : "Draw around some heads to list them.",
      ...heads.flatMap((head) => [button(headName(data, head), () => state.set({ head })), " "]),
    );
  let listening = false;
  const show = async (view: View) => {
    for (const { key, select } of choosers) select.value = metrics[view[key]] ? view[key] : "effect";
    const canvas = (await draw(plot, drawing(data, contrast, metrics, view))) as SelectableElement;
    if (listening) return;
    listening = true;
    canvas.on("plotly_click", (event) => {
      const head = event?.points[0]?.customdata;
      if (head !== undefined) state.set({ head });
    });
    canvas.on("plotly_selected", (event) => list((event?.points ?? []).map(({ customdata }) => customdata).filter((head) => head !== undefined)));
  };
  const watcher = new IntersectionObserver(
    ([entry]) => {
      if (!entry?.isIntersecting) return;
      watcher.disconnect();
      state.listen((view) => void show(view));
    },
    { rootMargin: "600px" },
  );
  watcher.observe(root);
}

function drawing(data: StudyData, contrast: Contrast, metrics: Record<string, Metric>, view: View): Drawing {
  const metric = (id: string) => metrics[id] ?? (metrics.effect as Metric);
  const [x, y, colour] = [metric(view.x), metric(view.y), metric(view.colour)];
  const heads = contrast.heads.rank.map((_, head) => head);
  const { found } = contrast.heads;
  const axis = { ticks: "", zeroline: true, zerolinecolor: "var(--line)", gridcolor: "var(--grid)", tickfont: { size: 11, color: "var(--ink-soft)" } };
  const title = ({ name }: Metric) => ({ text: plain(name), font: { size: 12, color: "var(--ink-soft)" }, standoff: 6 });
  return {
    data: [
      {
        type: "scatter",
        mode: "markers",
        x: heads.map(x.of),
        y: heads.map(y.of),
        customdata: heads,
        text: hoverTexts(data, contrast),
        hovertemplate: "%{text}<extra></extra>",
        marker: {
          size: 9,
          symbol: heads.map((head) => (found[head] ? "circle" : "circle-open")),
          color: heads.map((head) => colour.of(head) ?? null),
          colorscale: [[0, "var(--shade-low)"], [1, "var(--evidence-high)"]],
          showscale: true,
          colorbar: { thickness: 8, outlinewidth: 0, len: 0.9, title: { text: plain(colour.name), side: "right", font: { size: 11 } }, tickfont: { size: 11, color: "var(--ink-soft)" } },
        },
      },
      {
        type: "scatter",
        mode: "markers",
        x: [x.of(view.head)],
        y: [y.of(view.head)],
        hoverinfo: "skip",
        marker: { size: 17, symbol: "circle-open", color: "var(--accent)", line: { width: 2 } },
      },
    ],
    layout: {
      ...baseLayout(HEIGHT),
      margin: { l: 56, r: 8, t: 10, b: 48 },
      dragmode: "lasso",
      xaxis: { ...axis, title: title(x) },
      yaxis: { ...axis, title: title(y) },
    },
  };
}
