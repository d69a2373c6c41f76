// Lets readers sort, search and copy the page's tables. The sorter replaces a table's body at every sorting, so the
// rows are looked up anew each time.

import "sortable-tablesort/dist/sortable.js";
import { copyText } from "./clipboard";
import { csv, type Format, latex, markdown, type PlainTable } from "./copy_formats";
import { folded, textOf } from "./text";

const ROWS_TO_SORT = 3;
const ROWS_TO_SEARCH = 8;
const FORMATS: [string, Format][] = [
  ["CSV", csv],
  ["Markdown", markdown],
  ["LaTeX", latex],
];

const timesNamed = new Map<string, number>();

/** Makes the tables below the root sortable, and puts their tools above them; safe to call again. */
export function enhanceTables(root: ParentNode): void {
  for (const table of root.querySelectorAll<HTMLTableElement>("main table:not(.sortable)")) {
    if (bodyRows(table).length < ROWS_TO_SORT || !table.tHead) continue;
    makeSortable(table);
    if (!table.closest(".head-panel, .reader")) addTools(table);
  }
}

function bodyRows(table: HTMLTableElement): HTMLTableRowElement[] {
  return [...table.tBodies].flatMap((body) => [...body.rows]);
}

function makeSortable(table: HTMLTableElement): void {
  table.classList.add("sortable", "n-last");
  for (const row of bodyRows(table)) {
    for (const cell of row.cells) cell.dataset.sort ??= sortKey(cell);
  }
  for (const heading of headings(table)) addSortButton(table, heading);
}

function headings(table: HTMLTableElement): HTMLTableCellElement[] {
  return [...(table.tHead?.rows[0]?.cells ?? [])];
}

/** The first number of a numeric cell; else the text, its digits padded so that L9H2 comes before L10H8. */
function sortKey(cell: HTMLTableCellElement): string {
  const text = textOf(cell);
  if (!cell.classList.contains("number")) return text.replace(/(?<![.\d])\d+/g, (digits) => digits.padStart(8, "0"));
  return /-?\d+(\.\d+)?/.exec(text.replaceAll("−", "-").replaceAll(",", thousands))?.[0] ?? "";
}

function thousands(comma: string, at: number, text: string): string {
  return /^\d{3}(?!\d)/.test(text.slice(at + 1)) ? "" : comma;
}

function addSortButton(table: HTMLTableElement, heading: HTMLTableCellElement): void {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "sort";
  button.append(...heading.childNodes);
  // The sorter knows one first direction a table: numbers are wanted largest first, words from A.
  button.addEventListener("click", () => {
    table.classList.toggle("asc", !heading.classList.contains("number"));
  });
  heading.append(button);
}

function addTools(table: HTMLTableElement): void {
  const name = uniqueName(table);
  const tools = document.createElement("div");
  tools.className = "table-tools";
  if (bodyRows(table).length >= ROWS_TO_SEARCH) tools.append(...searchTools(table, name));
  tools.append(copyTools(table, name));
  (table.closest(".scroll") ?? table).before(tools);
}

function searchTools(table: HTMLTableElement, name: string): HTMLElement[] {
  const label = document.createElement("label");
  const words = document.createElement("span");
  words.className = "visually-hidden";
  words.textContent = `Search ${name}`;
  const input = document.createElement("input");
  input.type = "search";
  input.placeholder = "Search";
  label.append(words, input);

  const count = document.createElement("span");
  count.className = "row-count";
  count.setAttribute("aria-live", "polite");
  input.addEventListener("input", () => {
    count.textContent = search(table, input.value);
  });
  return [label, count];
}

/** Shows the rows that hold every word, and says how many they are. */
function search(table: HTMLTableElement, query: string): string {
  const words = folded(query).split(/\s+/).filter(Boolean);
  const rows = bodyRows(table);
  for (const row of rows) {
    const text = folded([...row.cells].map(textOf).join(" "));
    row.hidden = !words.every((word) => text.includes(word));
  }
  return words.length ? `${rows.filter((row) => !row.hidden).length} of ${rows.length} rows` : "";
}

function copyTools(table: HTMLTableElement, name: string): HTMLElement {
  const group = document.createElement("span");
  group.className = "tool-group";
  group.append("Copy as");
  for (const [title, format] of FORMATS) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = title;
    button.setAttribute("aria-label", `${title} of ${name}`);
    button.addEventListener("click", () => void copyText(format(asShown(table)), button));
    group.append(button);
  }
  return group;
}

/** The table's number, or what it shows where it has none, as several tables may show the same. */
function uniqueName(table: HTMLTableElement): string {
  const number = figureOf(table)?.querySelector(".float-number");
  const name = number ? textOf(number).replace(/\.$/, "") : regionName(table) || "the table";
  const times = (timesNamed.get(name) ?? 0) + 1;
  timesNamed.set(name, times);
  return times === 1 ? name : `${name} (${times})`;
}

function figureOf(table: HTMLTableElement): HTMLElement | null {
  return table.closest<HTMLElement>("figure");
}

function regionName(table: HTMLTableElement): string {
  return table.closest(".scroll")?.getAttribute("aria-label") ?? "";
}

function captionOf(table: HTMLTableElement): string {
  const caption = figureOf(table)?.querySelector("figcaption")?.cloneNode(true) as HTMLElement | undefined;
  caption?.querySelector(".float-number")?.remove();
  return caption ? textOf(caption) : regionName(table);
}

function asShown(table: HTMLTableElement): PlainTable {
  return {
    columns: headings(table).map((cell) => ({ title: textOf(cell), number: cell.classList.contains("number") })),
    rows: bodyRows(table)
      .filter((row) => !row.hidden)
      .map((row) => [...row.cells].map(textOf)),
    caption: captionOf(table),
    label: figureOf(table)?.id ?? "",
  };
}
