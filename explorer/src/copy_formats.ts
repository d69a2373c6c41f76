// Writes a table as text for other programs.

export interface PlainTable {
  columns: { title: string; number: boolean }[];
  rows: string[][];
  caption: string;
  label: string;
}

export type Format = (table: PlainTable) => string;

const titles = (table: PlainTable): string[] => table.columns.map(({ title }) => title);

/** Comma-separated values; numbers get the minus sign that spreadsheets read. */
export function csv(table: PlainTable): string {
  const quoted = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const cell = (text: string, column: number) =>
    quoted(table.columns[column]?.number ? text.replaceAll("−", "-") : text);
  const lines = [titles(table).map(quoted), ...table.rows.map((row) => row.map(cell))];
  return lines.map((line) => `${line.join(",")}\n`).join("");
}

/** A Markdown table, as Pandoc and GitHub read it. */
export function markdown(table: PlainTable): string {
  const escaped = (text: string) => text.replace(/[\\|*_`<]/g, "\\$&");
  const line = (cells: string[]) => `| ${cells.join(" | ")} |\n`;
  const rule = table.columns.map(({ number }) => (number ? "---:" : "---"));
  const rows = table.rows.map((row) => line(row.map(escaped)));
  return line(titles(table).map(escaped)) + line(rule) + rows.join("");
}

const LATEX: Record<string, string> = {
  "\\": "\\textbackslash{}",
  "~": "\\textasciitilde{}",
  "^": "\\textasciicircum{}",
  "−": "$-$",
  "<": "$<$",
  ">": "$>$",
  "±": "$\\pm$",
  "×": "$\\times$",
  "≤": "$\\leq$",
  "≥": "$\\geq$",
  "α": "$\\alpha$",
  "Σ": "$\\Sigma$",
  "|": "\\textbar{}",
  "→": "$\\rightarrow$",
  "–": "--",
  "—": "---",
};

function latexText(text: string): string {
  return text.replace(/[\\~^−<>±×≤≥αΣ|→–—&%$#_{}]/g, (sign) => LATEX[sign] ?? `\\${sign}`);
}

function latexRow(cells: string[]): string {
  const row = cells.map(latexText).join(" & ");
  // A bracket or star at the start would be read as an option of the line break before it.
  return `${row.replace(/^[[*]/, "{$&}")} \\\\`;
}

/** A LaTeX table in the style of the booktabs package. */
export function latex(table: PlainTable): string {
  const alignment = table.columns.map(({ number }) => (number ? "r" : "l")).join("");
  const lines = [
    "% needs \\usepackage{booktabs}",
    "\\begin{table}",
    "\\centering",
    table.caption && `\\caption{${latexText(table.caption)}}`,
    table.label && `\\label{${table.label}}`,
    `\\begin{tabular}{${alignment}}`,
    "\\toprule",
    latexRow(titles(table)),
    "\\midrule",
    ...table.rows.map(latexRow),
    "\\bottomrule",
    "\\end{tabular}",
    "\\end{table}",
  ];
  return `${lines.filter(Boolean).join("\n")}\n`;
}
