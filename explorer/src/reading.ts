// Reading the statements: the text shaded, twins one under the other, whole patterns as matrices, and which heads
// stand out in the statement at hand.

import type { Statement, StudyData } from "./data";
import { button, el, emptyPlot } from "./dom";
import { differenceMatrix, heightOf, patternMatrix } from "./matrices";
import { points } from "./numbers";
import { type Head, headPiece, statementScores } from "./pieces";
import { type Drawing, draw } from "./plots";
import { scaleOf, shadedText } from "./shading";
import { headName, type State, type View } from "./state";
import { folded } from "./text";

const MATCHES = 60;
const TOP_HEADS = 5;

function twinOf(data: StudyData, place: number): number | undefined {
  const { pair, truth } = data.statements[place] as Statement;
  const twin = data.statements.findIndex((other) => other.pair === pair && other.truth !== truth);
  return twin < 0 ? undefined : twin;
}

export class Reader {
  private readonly search = el("input", { type: "search", "aria-label": "Search the statements", placeholder: "Search the statements" });
  private readonly list = el("select", { "aria-label": "Statements", class: "statement-list" });
  private readonly body = el("div", { class: "reader-body" });
  private turn = 0;

  constructor(
    root: HTMLElement,
    private readonly data: StudyData,
    private readonly state: State,
  ) {
    this.search.addEventListener("input", () => this.fillList());
    this.list.addEventListener("change", () => state.set({ statement: Number(this.list.value) }));
    const step = (by: number) => () => {
      const next = state.view.statement + by;
      if (data.statements[next]) state.set({ statement: next });
    };
    const steps = [button("Previous", step(-1)), button("Next", step(1))];
    root.replaceChildren(el("div", { class: "reader-tools" }, this.search, this.list, ...steps), this.body);
    state.listen((view) => {
      this.show(view).catch((error: unknown) => this.body.replaceChildren(el("p", { role: "alert" }, String(error))));
    });
  }

  private fillList(): void {
    const words = folded(this.search.value).split(/\s+/);
    const chosen = this.state.view.statement;
    const matching = this.data.statements
      .map(({ text, truth }, place) => ({ place, label: `${truth ? "true" : "false"}: ${text}` }))
      .filter(({ label }) => words.every((word) => folded(label).includes(word)));
    const shown = matching.slice(0, MATCHES);
    if (!shown.some(({ place }) => place === chosen)) {
      const { text, truth } = this.data.statements[chosen] as Statement;
      shown.unshift({ place: chosen, label: `${truth ? "true" : "false"}: ${text}` });
    }
    const more = matching.length - MATCHES;
    const rest = more > 0 ? [el("option", { disabled: "" }, `and ${more} more: search for them`)] : [];
    this.list.replaceChildren(...shown.map(({ place, label }) => el("option", { value: String(place) }, label)), ...rest);
    this.list.value = String(chosen);
  }

  private async show(view: View): Promise<void> {
    const turn = ++this.turn;
    this.fillList();
    const twin = twinOf(this.data, view.statement);
    const places = twin === undefined ? [view.statement] : [view.statement, twin];
    const [piece, ...scores] = await Promise.all([
      headPiece(this.data, headName(this.data, view.head)),
      ...places.map((place) => statementScores(this.data, place)),
    ]);
    // A slower answer to an earlier question must not replace a newer one.
    if (turn !== this.turn) return;
    this.body.replaceChildren(
      this.heading(view),
      ...this.texts(places, piece),
      ...this.matrices(places, piece),
      this.standingOut(scores),
    );
  }

  private heading({ head }: View): HTMLElement {
    const link = el("a", { href: `#finding-${this.data.contrasts[0]?.id}` }, headName(this.data, head));
    return el("p", { class: "quiet" }, "Head ", link, " (choose another on the map or in a table). Key span underlined, query position framed; shading ends at the largest share apart from the first token's.");
  }

  private texts(places: number[], piece: Head): HTMLElement[] {
    const rows = places.flatMap((place) => piece.row(place) ?? []);
    if (!rows.length) return [el("p", { class: "quiet" }, "Only the scores of this statement are kept, not its attention: see the rule above.")];
    const top = scaleOf(places.map((place) => piece.row(place) ?? []));
    return places.map((place) => this.text(place, piece, top));
  }

  private text(place: number, piece: Head, top: number): HTMLElement {
    const statement = this.data.statements[place] as Statement;
    const pattern = piece.pattern(place);
    const label = el("p", { class: "reading-label" });
    const rowFrom = (query: number) => ({ query, shares: pattern?.[query] ?? piece.row(place) ?? [], top });
    const show = (query: number) => {
      label.textContent = this.label(place, piece, query);
      text.shade(rowFrom(query));
    };
    const text = shadedText(statement, rowFrom(statement.query), pattern && show);
    show(statement.query);
    const box = el("div", { class: `reading reading-${statement.truth ? "a" : "b"}` }, label, text.element);
    box.addEventListener("pointerleave", () => show(statement.query));
    return box;
  }

  private label(place: number, piece: Head, query: number): string {
    const statement = this.data.statements[place] as Statement;
    const score = piece.scores.get(place);
    const scored = score === undefined ? "" : `, score ${points(score)} points`;
    const from = query === statement.query ? "" : `, from “${statement.tokens[query]?.trim()}”`;
    return `${statement.truth ? "true" : "false"}${scored}${from}`;
  }

  private matrices(places: number[], piece: Head): HTMLElement[] {
    const whole = places
      .map((place) => ({ statement: this.data.statements[place] as Statement, pattern: piece.pattern(place) ?? [] }))
      .filter(({ pattern }) => pattern.length);
    if (!whole.length) return [];
    const height = heightOf(Math.max(...whole.map(({ pattern }) => pattern.length)));
    const top = scaleOf(whole.flatMap(({ pattern }) => pattern));
    const figures = whole.map(({ statement, pattern }) =>
      drawnSoon(`Attention of every token to every token before it in “${statement.text}”`, patternMatrix(statement, pattern, height, top)),
    );
    const [mine, other] = [true, false].map((truth) => whole.find(({ statement }) => statement.truth === truth));
    if (mine && other && mine.pattern.length === other.pattern.length) {
      const drawing = differenceMatrix(mine.statement, other.statement, [mine.pattern, other.pattern], height);
      figures.push(drawnSoon("The true statement's attention minus its false twin's", drawing));
    }
    return [el("div", { class: "matrices" }, ...figures)];
  }

  /** Which heads look most at the key span here, and in a pair where its two statements differ most. */
  private standingOut(scores: number[][]): HTMLElement {
    const [here, twin] = scores as [number[], number[] | undefined];
    const ranked = (values: number[]) =>
      values.map((value, head) => ({ head, value })).sort((one, other) => Math.abs(other.value) - Math.abs(one.value)).slice(0, TOP_HEADS);
    const list = (title: string, chosen: { head: number; value: number }[]) =>
      el("div", {}, el("h3", {}, title), el("ol", { class: "standing-out" }, ...chosen.map(({ head, value }) => el("li", {}, button(headName(this.data, head), () => this.state.set({ head })), ` ${points(value)}`))));
    const span = this.data.measure.key_span;
    const lists = [list(`Heads that look most at ${span} here, points`, ranked(here))];
    if (twin) lists.push(list("Largest differences within this pair, points", ranked(here.map((value, head) => value - (twin[head] ?? 0)))));
    return el("div", { class: "standing-out-lists" }, ...lists);
  }
}

/** A figure that is drawn once it stands on the page. */
function drawnSoon(alt: string, drawing: Drawing): HTMLElement {
  const plot = emptyPlot(drawing.layout.height ?? 0, alt);
  requestAnimationFrame(() => void draw(plot, drawing));
  return plot;
}
