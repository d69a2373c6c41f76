// What the reader looks at, kept in the address, so that a view can be sent and the back button works.

import type { StudyData } from "./data";
import { figureInAddress } from "./embed";

export interface View {
  /** Heads by their place in the model, layer by layer; statements by their place in the study. */
  head: number;
  pin: number | undefined;
  statement: number;
  /** What the scatter shows across, up, and as shade. */
  x: string;
  y: string;
  colour: string;
}

const AXES = { x: "a", y: "effect", colour: "evidence" };

export function headName(data: StudyData, head: number): string {
  return `L${Math.floor(head / data.model.heads)}H${head % data.model.heads}`;
}

/** The place of the head that a name like L9H1 names, if the model has it. */
export function headNamed(data: StudyData, name: string): number | undefined {
  const match = /^\s*L?(\d+)\s*[H.,]\s*(\d+)\s*$/i.exec(name);
  if (!match) return undefined;
  const [layer, head] = [Number(match[1]), Number(match[2])];
  return layer < data.model.layers && head < data.model.heads ? layer * data.model.heads + head : undefined;
}

function atFirst(data: StudyData): View {
  const ranks = data.contrasts[0]?.heads.rank ?? [];
  return { head: Math.max(0, ranks.indexOf(1)), pin: undefined, statement: data.explorer.examples[0]?.statement ?? 0, ...AXES };
}

function fromAddress(data: StudyData): View {
  const said = new URLSearchParams(location.hash.slice(1));
  const named = (key: string) => headNamed(data, said.get(key) ?? "");
  const statement = data.statements.findIndex(({ id }) => id === said.get("statement"));
  const first = atFirst(data);
  return {
    head: named("head") ?? first.head,
    pin: named("pin"),
    statement: statement < 0 ? first.statement : statement,
    x: said.get("x") ?? AXES.x,
    y: said.get("y") ?? AXES.y,
    colour: said.get("colour") ?? AXES.colour,
  };
}

/** Whether the address names a view, and not one of the page's sections. */
export function addressNames(key: "head" | "statement"): boolean {
  return new URLSearchParams(location.hash.slice(1)).has(key);
}

export class State {
  private listeners: ((view: View) => void)[] = [];
  view: View;

  constructor(private readonly data: StudyData) {
    this.view = fromAddress(data);
    addEventListener("popstate", () => {
      // A link to one of the page's sections leaves the view as it is.
      if (location.hash && !location.hash.includes("=")) return;
      this.view = fromAddress(data);
      this.tell();
    });
  }

  listen(listener: (view: View) => void): void {
    this.listeners.push(listener);
    listener(this.view);
  }

  set(change: Partial<View>): void {
    this.view = { ...this.view, ...change };
    history.pushState(null, "", this.address());
    this.tell();
  }

  address(): string {
    const said = new URLSearchParams({ head: headName(this.data, this.view.head) });
    if (this.view.pin !== undefined) said.set("pin", headName(this.data, this.view.pin));
    const statement = this.data.statements[this.view.statement];
    if (statement) said.set("statement", statement.id);
    for (const key of ["x", "y", "colour"] as const) if (this.view[key] !== AXES[key]) said.set(key, this.view[key]);
    const figure = figureInAddress();
    if (figure) said.set("figure", figure);
    return `#${said}`;
  }

  private tell(): void {
    for (const listener of this.listeners) listener(this.view);
  }
}
