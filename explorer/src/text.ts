// Text as it is read and searched.

export function textOf(element: Element | null): string {
  return (element?.textContent ?? "").replace(/\s+/g, " ").trim();
}

/** Without case and accents, and with the minus that a keyboard types. */
export function folded(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").replaceAll("−", "-").toLowerCase();
}
