// The head explorer: maps, panels and the reader follow one view.

import type { Contrast, StudyData } from "./data";
import { announce, el } from "./dom";
import { figureInAddress } from "./embed";
import { describe, tellCells, walkable } from "./map";
import { fillPanel } from "./panel";
import { headPiece, study } from "./pieces";
import type { Drawing } from "./plots";
import { Reader } from "./reading";
import { scatter } from "./scatter";
import { addressNames, headName, headNamed, State } from "./state";

/** Keeps one contrast's panel, and the pinned head's beside it, at the view. */
function followPanel(panel: HTMLElement, data: StudyData, contrast: Contrast, state: State): void {
  const columns = panel.closest<HTMLElement>(".side-by-side");
  let pinned: HTMLElement | undefined;
  let turn = 0;
  const fill = async (target: HTMLElement, head: number, isPinned: boolean, asked: number) => {
    const piece = await headPiece(data, headName(data, head));
    if (asked === turn) await fillPanel(target, { data, contrast, head, piece, state }, isPinned);
  };
  state.listen(({ head, pin }) => {
    const asked = ++turn;
    columns?.classList.toggle("has-pin", pin !== undefined);
    if (pin === undefined) pinned?.remove();
    else if (!pinned?.isConnected) {
      pinned = el("section", { class: "head-panel", "aria-label": "The pinned head" });
      columns?.append(pinned);
    }
    const failed = (error: unknown) => panel.append(el("p", { class: "quiet", role: "alert" }, String(error)));
    fill(panel, head, false, asked).catch(failed);
    if (pin !== undefined && pinned) fill(pinned, pin, true, asked).catch(failed);
  });
}

/** The first cell of a row that names a head opens it. */
function openFromTables(data: StudyData, state: State): void {
  document.querySelector("main")?.addEventListener("click", ({ target }) => {
    const cell = target instanceof Element ? target.closest("tbody th[scope=row]") : null;
    const head = cell ? headNamed(data, cell.textContent ?? "") : undefined;
    if (head !== undefined) state.set({ head });
  });
}

/** What the explorer does with each of the page's figures, before it is drawn and after. */
export interface FigureHooks {
  prepare(plot: HTMLElement, drawing: Drawing): void;
  drawn(plot: HTMLElement, canvas: HTMLElement): void;
}

const NO_HOOKS: FigureHooks = { prepare: () => {}, drawn: () => {} };

/** Starts the explorer where the page is a study's, and says what it needs of the page's figures. */
export function explore(): FigureHooks {
  const data = study();
  if (!data) return NO_HOOKS;
  const state = new State(data);
  const byId = new Map(data.contrasts.map((contrast) => [contrast.id, contrast]));
  for (const panel of document.querySelectorAll<HTMLElement>(".head-panel")) {
    const contrast = byId.get(panel.dataset.contrast ?? "");
    if (contrast) followPanel(panel, data, contrast, state);
  }
  for (const place of document.querySelectorAll<HTMLElement>(".scatter")) {
    const contrast = byId.get(place.dataset.contrast ?? "");
    if (contrast) scatter(place, data, contrast, state);
  }
  const reader = document.querySelector<HTMLElement>(".reader");
  if (reader) new Reader(reader, data, state);
  openFromTables(data, state);
  const first = data.contrasts[0];
  if (first) state.listen(({ head }) => announce(describe(data, first, head)));
  if (figureInAddress()) scrollTo(0, 0);
  else if (addressNames("statement")) document.getElementById("read")?.scrollIntoView();
  else if (addressNames("head")) document.querySelector(".side-by-side")?.scrollIntoView();
  const mapped = (plot: HTMLElement) => byId.get(plot.dataset.map ?? "");
  return {
    prepare: (plot, drawing) => {
      const contrast = mapped(plot);
      if (contrast) tellCells(drawing, data, contrast);
    },
    drawn: (plot, canvas) => {
      const contrast = mapped(plot);
      if (contrast) walkable(plot, canvas, data, contrast, state);
    },
  };
}
