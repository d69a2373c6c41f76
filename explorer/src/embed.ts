// One figure alone, to stand in somebody else's page: `#figure=fig-maps-truth` hides everything around it.

import { el } from "./dom";

/** Shows the figure that the address names, alone, with a link to the page it is from. */
export function showOneFigure(): void {
  const id = figureInAddress();
  const figure = id ? document.getElementById(id) : null;
  if (!figure) return;
  document.documentElement.classList.add("one-figure");
  figure.classList.add("kept");
  for (let above = figure.parentElement; above && above.tagName !== "MAIN"; above = above.parentElement) above.classList.add("keeps");
  const title = document.querySelector("h1")?.textContent ?? "";
  figure.append(el("p", { class: "figure-source" }, "From ", el("a", { href: location.pathname, target: "_top" }, title), "."));
}

export function figureInAddress(): string | null {
  return new URLSearchParams(location.hash.slice(1)).get("figure");
}

/** The HTML that shows a figure inside another page. */
export function embedding(figure: HTMLElement): string {
  const address = new URL(`#figure=${figure.id}`, location.href).href;
  const words = figure.querySelector("figcaption")?.textContent ?? "";
  const title = words.replace(/\s+/g, " ").trim().split(": ")[0]?.slice(0, 120) ?? "";
  const frame = el("iframe", { src: address, title, width: "100%", height: String(figure.offsetHeight + 80), loading: "lazy" });
  return frame.outerHTML;
}
