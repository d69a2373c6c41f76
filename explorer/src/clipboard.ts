// Copies text, and says so on the button that was pressed.

const SAID_FOR = 2000;

interface Label {
  text: string;
  name: string | null;
}

const labels = new WeakMap<HTMLButtonElement, Label>();
const timers = new WeakMap<HTMLButtonElement, number>();

/** Copies the text; the button says for two seconds whether that worked. */
export async function copyText(text: string, button: HTMLButtonElement): Promise<void> {
  button.setAttribute("aria-live", "polite");
  say((await written(text)) ? "Copied" : "Not copied", button);
}

async function written(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Browsers that give a page opened from a file no clipboard still copy what is selected.
    return copySelected(text);
  }
}

function copySelected(text: string): boolean {
  const focused = document.activeElement;
  const area = document.createElement("textarea");
  area.className = "visually-hidden";
  area.value = text;
  document.body.append(area);
  area.focus({ preventScroll: true });
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
  return copied;
}

function say(words: string, button: HTMLButtonElement): void {
  const label = labels.get(button) ?? { text: button.textContent ?? "", name: button.getAttribute("aria-label") };
  labels.set(button, label);
  button.textContent = words;
  // A name of its own would hide the new words from a screen reader.
  button.removeAttribute("aria-label");
  clearTimeout(timers.get(button));
  timers.set(button, setTimeout(() => restore(button, label), SAID_FOR));
}

function restore(button: HTMLButtonElement, { text, name }: Label): void {
  labels.delete(button);
  // Its own name is no news.
  button.removeAttribute("aria-live");
  button.textContent = text;
  if (name !== null) button.setAttribute("aria-label", name);
}
