// A map of heads that can be walked: a click or Enter opens a head, arrows move over the cells, Escape goes back.

import type { Contrast, StudyData } from "./data";
import { announce, el } from "./dom";
import { pEquals, points, pointsInterval } from "./numbers";
import { type Drawing, plain } from "./plots";
import { headName, type State } from "./state";

interface Axis {
  _offset: number;
  l2p(value: number): number;
}
interface PlotlyElement extends HTMLElement {
  _fullLayout: { xaxis: Axis; xaxis2: Axis; yaxis: Axis; yaxis2: Axis };
  on(event: string, listener: (event: { points: { x: number; y: number; data: { type: string } }[] }) => void): void;
}

const STEPS: Record<string, [number, number]> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** One head in a sentence. */
export function describe(data: StudyData, { heads, a, b }: Contrast, head: number): string {
  const means = `${a.name} ${points(heads.mean_a[head] ?? 0)}, ${b.name} ${points(heads.mean_b[head] ?? 0)} points`;
  const [low, high, p] = [heads.effect_low[head], heads.effect_high[head], heads.p_value[head]];
  if (low == null || high == null || p == null) return `${headName(data, head)}: ${means}; ${heads.verdict[head]}`;
  const effect = `effect ${points(heads.effect[head] ?? 0)} ${pointsInterval(low, high)}`;
  const adjusted = heads.adjusted[data.tests.headline]?.[head] ?? p;
  return `${headName(data, head)}: ${means}; ${effect}; ${pEquals(p)}, adjusted ${pEquals(adjusted)}; ${heads.verdict[head]}`;
}

const hovers = new WeakMap<Contrast, string[]>();

/** What stands beside the pointer at each head: written once, as the maps and the scatter all show it. */
export function hoverTexts(data: StudyData, contrast: Contrast): string[] {
  const known = hovers.get(contrast);
  if (known) return known;
  const texts = contrast.heads.rank.map((_, head) => plain(describe(data, contrast, head)).replaceAll("; ", "<br>"));
  hovers.set(contrast, texts);
  return texts;
}

/** Gives the cells of a map their hover text, which a page of thousands of heads could not carry for each panel. */
export function tellCells(drawing: Drawing, data: StudyData, contrast: Contrast): void {
  const { layers, heads } = data.model;
  const texts = hoverTexts(data, contrast);
  const text = Array.from({ length: layers }, (_, layer) => texts.slice(layer * heads, (layer + 1) * heads));
  for (const trace of drawing.data) {
    if (trace.type === "heatmap") Object.assign(trace, { text, hovertemplate: "%{text}<extra></extra>" });
  }
}

/** Makes a drawn map of one contrast walkable. */
export function walkable(plot: HTMLElement, canvas: HTMLElement, data: StudyData, contrast: Contrast, state: State): void {
  if (plot.classList.contains("walkable")) return;
  plot.classList.add("walkable");
  const drawn = canvas as PlotlyElement;
  const cursors = [0, 1].map(() => el("div", { class: "map-cursor" }));
  plot.append(...cursors);
  let at = state.view.head;

  const place = () => {
    const { xaxis, xaxis2, yaxis, yaxis2 } = drawn._fullLayout;
    const [layer, head] = [Math.floor(at / data.model.heads), at % data.model.heads];
    const panels: [Axis, Axis][] = [
      [xaxis, yaxis],
      [xaxis2, yaxis2],
    ];
    panels.forEach(([across, down], panel) => {
      const [left, right] = [across.l2p(head - 0.5), across.l2p(head + 0.5)];
      const [top, bottom] = [down.l2p(layer - 0.5), down.l2p(layer + 0.5)];
      Object.assign(cursors[panel]!.style, {
        left: `${across._offset + left}px`,
        top: `${down._offset + top}px`,
        width: `${right - left}px`,
        height: `${bottom - top}px`,
      });
    });
  };
  const move = (head: number) => {
    at = head;
    place();
  };

  canvas.tabIndex = 0;
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label", "Map of heads. Arrow keys move, Enter opens a head, Escape goes back to the open one.");
  drawn.on("plotly_afterplot", place as never);
  drawn.on("plotly_click", ({ points: [point] }) => {
    if (point?.data.type === "heatmap") state.set({ head: point.y * data.model.heads + point.x });
  });
  canvas.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (event.key === "Enter") state.set({ head: at });
    else if (event.key === "Escape") move(state.view.head);
    else if (step) {
      const layer = Math.floor(at / data.model.heads) + step[0];
      const head = (at % data.model.heads) + step[1];
      if (layer < 0 || head < 0 || layer >= data.model.layers || head >= data.model.heads) return event.preventDefault();
      move(layer * data.model.heads + head);
    } else return;
    event.preventDefault();
    announce(describe(data, contrast, at));
  });
  state.listen(({ head }) => move(head));
}
