// Elements made by hand. Text always goes in as text, so nothing in a fact can become markup.

type Child = Node | string;

export function el<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Record<string, string> = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export function button(text: string, onClick: () => void, attributes: Record<string, string> = {}): HTMLButtonElement {
  const element = el("button", { type: "button", ...attributes }, text);
  element.addEventListener("click", onClick);
  return element;
}

/** Term and description, term and description, … */
export function entries(rows: [string, string][]): HTMLElement {
  return el("dl", { class: "entries" }, ...rows.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}

/** An empty figure of a given height, to be drawn into; `alt` is for who cannot see it. */
export function emptyPlot(height: number, alt: string): HTMLElement {
  const plot = el("div", { class: "plot", role: "img", "aria-label": alt });
  plot.style.minHeight = `${height}px`;
  return plot;
}

const region = el("p", { class: "visually-hidden", "aria-live": "polite" });

/** Tells a screen reader. */
export function announce(text: string): void {
  if (!region.isConnected) document.body.append(region);
  region.textContent = text;
}
