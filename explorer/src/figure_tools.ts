// Saves figures as they would stand on paper, and copies a line to cite or to embed them by.

import { copyText } from "./clipboard";
import { embedding } from "./embed";
import { coloured, type Drawing, drawingOf } from "./plots";
import { textOf } from "./text";

type ImageFormat = "png" | "svg";

// The text width of an A4 page, 170 mm, in CSS pixels; the scale makes that 300 dots an inch.
const PAPER_WIDTH = 643;
const PNG_SCALE = 3.125;
const LONGEST_WAIT = 20_000;

/** Puts the tools below the figures under the root; safe to call again. */
export function enhanceFigures(root: ParentNode): void {
  for (const figure of root.querySelectorAll<HTMLElement>("figure.float-figure:has(.plot):not(:has(.figure-tools))")) {
    addTools(figure);
  }
}

function addTools(figure: HTMLElement): void {
  const name = nameOf(figure);
  const tools = document.createElement("div");
  tools.className = "figure-tools";
  tools.append(
    tool("PNG", `PNG of ${name}`, () => void save(figure, "png")),
    tool("SVG", `SVG of ${name}`, () => void save(figure, "svg")),
    tool("Cite", `Cite ${name}`, (button) => void copyText(citation(figure), button)),
    tool("Embed", `Embed ${name}`, (button) => void copyText(embedding(figure), button)),
  );
  figure.append(tools);
}

function tool(title: string, label: string, act: (button: HTMLButtonElement) => void): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = title;
  button.setAttribute("aria-label", label);
  button.addEventListener("click", () => act(button));
  return button;
}

function nameOf(figure: HTMLElement): string {
  return textOf(figure.querySelector(".float-number")).replace(/\.$/, "") || "the figure";
}

function citation(figure: HTMLElement): string {
  const source = [textOf(document.querySelector("h1")), textOf(document.querySelector(".authors"))];
  const words = `${nameOf(figure)} in: ${source.filter(Boolean).join(", ")}.`;
  return location.protocol === "file:" ? words : `${words} ${location.origin}${location.pathname}#${figure.id}`;
}

async function save(figure: HTMLElement, format: ImageFormat): Promise<void> {
  const plot = figure.querySelector<HTMLElement>(".plot");
  if (!plot || !(await drawn(plot))) return;
  const drawing = drawingOf(plot);
  if (!drawing) return;
  // Figures are made for one height at any width, so what is saved is the same from a phone and from a wide screen.
  const height = drawing.layout.height ?? plot.clientHeight;
  const size = { format, width: PAPER_WIDTH, height, scale: format === "png" ? PNG_SCALE : 1 };
  const image = await window.Plotly.toImage(onPaper(drawing) as never, size as never);
  download(image, `${folderName()}-${figure.id}.${format}`);
}

/** Whether the plot is drawn; one that is far from the window is first brought near, as drawing waits for that. */
async function drawn(plot: HTMLElement): Promise<boolean> {
  if (!drawingOf(plot)) plot.scrollIntoView({ block: "nearest" });
  const end = performance.now() + LONGEST_WAIT;
  while (!plot.classList.contains("plot-drawn") && performance.now() < end) {
    await new Promise(requestAnimationFrame);
  }
  return plot.classList.contains("plot-drawn");
}

/** The figure in the colours of paper, which hold while the page counts as being printed. */
function onPaper(drawing: Drawing): Drawing {
  const { classList } = document.documentElement;
  const already = classList.contains("printing");
  classList.add("printing");
  const { data, layout } = coloured(drawing);
  classList.toggle("printing", already);
  return { data, layout: { ...layout, paper_bgcolor: "#ffffff" } };
}

function folderName(): string {
  const folder = location.pathname.split("/").slice(0, -1).pop();
  return folder ? decodeURIComponent(folder) : "figure";
}

function download(address: string, name: string): void {
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
}
