// What every page does: draw its figures, keep up with the theme, and offer the tools.

import { filterCards } from "./cards";
import { showOneFigure } from "./embed";
import { explore, type FigureHooks } from "./explorer";
import { enhanceFigures } from "./figure_tools";
import * as numbers from "./numbers";
import { type Drawing, draw, followTheme } from "./plots";
import { offerSearch } from "./search_box";
import { enhanceTables } from "./tables";

function closeContentsOnPhones(): void {
  const contents = document.querySelector<HTMLDetailsElement>(".contents details");
  if (contents && !matchMedia("(min-width: 75rem)").matches) contents.open = false;
}

interface Clickable extends HTMLElement {
  on(event: string, listener: (event: { points: { customdata?: unknown }[] }) => void): void;
}

/** A click on a point that carries a head's name opens that head on the study's page. */
function openHeads(canvas: HTMLElement): void {
  (canvas as Clickable).on("plotly_click", ({ points: [point] }) => {
    const name = point?.customdata;
    if (typeof name === "string" && /^L\d+H\d+$/.test(name)) location.href = `index.html#head=${name}`;
  });
}

/** Figures whose data stand in the page are drawn when they come near. */
function drawFigures(hooks: FigureHooks): void {
  const drawOne = async (plot: HTMLElement) => {
    const text = plot.querySelector("script")?.textContent;
    if (!text) return;
    const figure = JSON.parse(text) as Drawing;
    figure.layout.height = Number(plot.dataset.height);
    hooks.prepare(plot, figure);
    const canvas = await draw(plot, figure);
    hooks.drawn(plot, canvas);
    openHeads(canvas);
  };
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (!isIntersecting || !(target instanceof HTMLElement)) continue;
        watcher.unobserve(target);
        void drawOne(target);
      }
    },
    { rootMargin: "600px" },
  );
  const plots = document.querySelectorAll<HTMLElement>(".plot");
  for (const plot of plots) watcher.observe(plot);
  // Paper has no scrolling: whatever has not come near yet is drawn now.
  addEventListener("beforeprint", () => {
    watcher.disconnect();
    for (const plot of plots) if (!plot.classList.contains("plot-drawn")) void drawOne(plot);
  });
}

closeContentsOnPhones();
showOneFigure();
followTheme();
drawFigures(explore());
enhanceTables(document);
enhanceFigures(document);
filterCards();
offerSearch();

// For the tests that hold these numbers to those of the program that wrote the page.
Object.assign(window, { reportgen: { numbers } });
