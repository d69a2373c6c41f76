// The filter above the list of studies. What is chosen stands in the address (`?model=…&words=…`), so that a filtered
// list can be sent.

import { folded, textOf } from "./text";

const FEWEST_TO_FILTER = 2;

/** Shows the menus where there is something to choose from, and keeps the cards at what they say. */
export function filterCards(): void {
  const form = document.querySelector<HTMLFormElement>("form.card-filters");
  const cards = [...document.querySelectorAll<HTMLElement>(".cards > li")];
  if (!form || cards.length < FEWEST_TO_FILTER) return;
  const apply = () => show(form, cards);
  fillFromAddress(form);
  form.hidden = false;
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  // The fields are emptied after this event.
  form.addEventListener("reset", () => setTimeout(apply));
  apply();
}

function fields(form: HTMLFormElement): (HTMLInputElement | HTMLSelectElement)[] {
  return [...form.querySelectorAll<HTMLInputElement | HTMLSelectElement>("input, select")];
}

function fillFromAddress(form: HTMLFormElement): void {
  const said = new URLSearchParams(location.search);
  for (const field of fields(form)) {
    field.value = said.get(field.name) ?? "";
    // A menu does not take what it does not offer.
    if (field instanceof HTMLSelectElement && field.selectedIndex < 0) field.value = "";
  }
}

function show(form: HTMLFormElement, cards: HTMLElement[]): void {
  const chosen = fields(form).filter(({ value }) => value.trim());
  for (const card of cards) card.hidden = !chosen.every(({ name, value }) => fits(card, name, value));
  const shown = cards.filter(({ hidden }) => !hidden).length;
  const count = form.querySelector(".card-count");
  if (count) count.textContent = counted(shown, cards.length);
  history.replaceState(history.state, "", address(chosen));
}

function fits(card: HTMLElement, name: string, value: string): boolean {
  if (name !== "words") return (card.dataset[name] ?? "").split("\n").includes(value);
  const text = folded(textOf(card));
  return folded(value).split(/\s+/).every((word) => text.includes(word));
}

function counted(shown: number, all: number): string {
  if (shown === all) return `${all} studies`;
  return shown ? `${shown} of ${all} studies` : `None of ${all} studies fits.`;
}

function address(chosen: { name: string; value: string }[]): string {
  const said = new URLSearchParams(chosen.map(({ name, value }) => [name, value]));
  return `${location.pathname}${said.size ? `?${said}` : ""}${location.hash}`;
}
