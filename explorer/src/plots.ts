// Draws the page's figures. A figure's data stand beside it as JSON, with colours named as CSS variables, so that
// one set of data serves the light page, the dark page and paper; they are looked up here, at each drawing.

import type * as PlotlyTypes from "plotly.js";

declare global {
  interface Window {
    Plotly: typeof PlotlyTypes;
  }
}

export interface Drawing {
  data: Record<string, unknown>[];
  layout: Record<string, unknown> & { height?: number };
}

const COLOUR = /^var\((--[\w-]+)\)$/;
const OPTIONS = { responsive: true, displaylogo: false, displayModeBar: false, doubleClick: "reset" } as const;

const drawings = new Map<HTMLElement, Drawing>();

/** The figure with its colours looked up in the page as it looks now. */
export function coloured<T>(figure: T): T {
  const style = getComputedStyle(document.documentElement);
  const walk = (value: unknown): unknown => {
    if (typeof value === "string") {
      const name = COLOUR.exec(value);
      return name?.[1] ? style.getPropertyValue(name[1]).trim() : value;
    }
    if (Array.isArray(value)) return value.some((item) => typeof item !== "number") ? value.map(walk) : value;
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item)]));
  };
  return walk(figure) as T;
}

/** Text of the data as Plotly shows it literally: what it would take for markup or mathematics is escaped. */
export function plain(text: string): string {
  return text.replace(/[<>&$]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** The layout that every figure made on the page starts from. */
export function baseLayout(height: number): Drawing["layout"] {
  return {
    template: {},
    height,
    showlegend: false,
    dragmode: false,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: "var(--sans)", color: "var(--ink)" },
    hoverlabel: { bgcolor: "var(--paper)", bordercolor: "var(--ink-soft)", align: "left", font: { color: "var(--ink)" } },
  };
}

/** The figure that a plot shows now, colours still named as variables. */
export function drawingOf(plot: HTMLElement): Drawing | undefined {
  return drawings.get(plot);
}

/** Draws, or redraws, a figure inside a `.plot` element, and returns Plotly's own element. */
export async function draw(plot: HTMLElement, drawing: Drawing): Promise<HTMLElement> {
  forgetGone();
  drawings.set(plot, drawing);
  let canvas = plot.querySelector<HTMLElement>(".plot-canvas");
  if (!canvas) {
    canvas = document.createElement("div");
    canvas.className = "plot-canvas";
    plot.append(canvas);
  }
  const { data, layout } = coloured(drawing);
  await window.Plotly.react(canvas, data as never, layout as never, OPTIONS as never);
  plot.classList.add("plot-drawn");
  return canvas;
}

/** Figures that have left the page, as a panel's do when another head is opened, are not kept and not redrawn. */
function forgetGone(): void {
  for (const plot of drawings.keys()) {
    if (plot.isConnected) continue;
    drawings.delete(plot);
    const canvas = plot.querySelector<HTMLElement>(".plot-canvas");
    if (canvas) window.Plotly.purge(canvas);
  }
}

function redrawAll(): void {
  forgetGone();
  for (const [plot, drawing] of drawings) void draw(plot, drawing);
}

/** Figures follow the theme, and are drawn for white paper while the page is printed. */
export function followTheme(): void {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawAll);
  const forPaper = (printing: boolean) => {
    document.documentElement.classList.toggle("printing", printing);
    redrawAll();
  };
  addEventListener("beforeprint", () => forPaper(true));
  addEventListener("afterprint", () => forPaper(false));
}
