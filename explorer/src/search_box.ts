// The search box in the header of every page. It shows only where a script can fill it; what finds the words is loaded
// when somebody first turns to it.

import { el } from "./dom";

/** A piece of an excerpt, in reading order; those that were searched for are marked. */
export interface Excerpt {
  text: string;
  marked: boolean;
}

export interface Found {
  path: string;
  title: string;
  study: string;
  heading: string;
  excerpt: Excerpt[];
}

/** For a query, how many pages there are, and the best `most` of them, the best first. */
export type Finder = (query: string, most: number) => { pages: number; best: Found[] };

const MOST_SHOWN = 12;

export function offerSearch(): void {
  const form = document.querySelector<HTMLFormElement>("form.site-search");
  const input = form?.querySelector("input");
  if (form && input) new SearchBox(form, input);
}

class SearchBox {
  private readonly count = el("p", { class: "search-count", role: "status" });
  private readonly list = el("ol", {});
  private readonly results = el("div", { class: "search-results", hidden: "" }, this.count, this.list);
  private readonly root: string;
  private finder: Promise<Finder> | undefined;
  private turn = 0;

  constructor(
    form: HTMLFormElement,
    private readonly input: HTMLInputElement,
  ) {
    this.root = form.dataset.root ?? "";
    form.append(this.results);
    form.hidden = false;
    input.addEventListener("focus", () => void this.load().catch(() => {}));
    input.addEventListener("input", () => void this.search());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.open();
    });
    form.addEventListener("keydown", (event) => this.onKey(event));
    form.addEventListener("focusout", ({ relatedTarget }) => {
      if (!(relatedTarget instanceof Node && form.contains(relatedTarget))) this.close();
    });
    // A press into the results must not take the focus away, and with it the results, before it is a click.
    this.results.addEventListener("mousedown", (event) => event.preventDefault());
  }

  private load(): Promise<Finder> {
    this.finder ??= (async () => {
      await script(`${this.root}assets/search-index.js`);
      await script(`${this.root}assets/search.js`);
      return (await window.reportgenFinder) as Finder;
    })();
    this.finder.catch(() => (this.finder = undefined));
    return this.finder;
  }

  private async search(): Promise<void> {
    const turn = ++this.turn;
    const query = this.input.value.trim();
    if (!query) return this.close();
    try {
      const find = await this.load();
      // A slower answer to an earlier question must not replace a newer one.
      if (turn === this.turn) this.show(find(query, MOST_SHOWN));
    } catch {
      this.say("The search cannot be loaded.");
    }
  }

  private show({ pages, best }: ReturnType<Finder>): void {
    this.say(pages > best.length ? `The best ${best.length} of ${pages} pages` : counted(pages));
    this.list.replaceChildren(...best.map((one) => this.result(one)));
  }

  private say(text: string): void {
    this.list.replaceChildren();
    this.count.textContent = text;
    this.results.hidden = false;
  }

  private result({ path, title, study, heading, excerpt }: Found): HTMLElement {
    const where = [study, heading].filter(Boolean).join(" · ");
    const link = el("a", { href: this.root + path, dir: "auto" }, title);
    link.addEventListener("click", () => this.close());
    const text = excerpt.map(({ text, marked }) => (marked ? el("mark", {}, text) : text));
    return el("li", {}, link, ...(where ? [el("span", { class: "search-where" }, where)] : []), el("p", {}, ...text));
  }

  private onKey(event: KeyboardEvent): void {
    if (event.key === "Escape" && !this.results.hidden) {
      this.close();
      this.input.focus();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") this.step(event.key === "ArrowDown" ? 1 : -1);
    else return;
    event.preventDefault();
  }

  /** From the box to the first result, from one to the next, and back; results that were closed come back first. */
  private step(by: number): void {
    if (this.results.hidden) return void this.search();
    const stops = [this.input, ...this.list.querySelectorAll("a")];
    const at = stops.indexOf(document.activeElement as HTMLInputElement);
    stops[Math.min(Math.max(0, at + by), stops.length - 1)]?.focus();
  }

  private async open(): Promise<void> {
    await this.search();
    this.list.querySelector("a")?.click();
  }

  private close(): void {
    this.turn++;
    this.results.hidden = true;
  }
}

function counted(pages: number): string {
  if (!pages) return "No page has all of these words.";
  return pages === 1 ? "1 page" : `${pages} pages`;
}

function script(address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const element = el("script", { src: address });
    element.onload = () => resolve();
    element.onerror = () => reject(new Error(`${address} cannot be loaded`));
    document.head.append(element);
  });
}
