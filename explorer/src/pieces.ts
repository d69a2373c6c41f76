// Loads and unpacks the pieces beside a page. See `reportgen/report/pieces.py` for how they are packed.

import type { HeadPiece, RelationEffect, StatementsPiece, StudyData } from "./data";

declare global {
  interface Window {
    reportgenPieces?: Record<string, unknown>;
  }
}

const SCORE_STEPS = 65_535;
const SHARE_STEPS = 255;

export interface Head {
  /** Score by the statement's place in the study. */
  scores: Map<number, number>;
  relations: Record<string, RelationEffect[]>;
  /** Attention of the query position to itself and what stands before it. */
  row(statement: number): number[] | undefined;
  /** Attention of each position [query][key ≤ query]. */
  pattern(statement: number): number[][] | undefined;
}

export function study(): StudyData | undefined {
  return window.reportgenPieces?.study as StudyData | undefined;
}

const loading = new Map<string, Promise<void>>();

async function piece<T>(name: string): Promise<T> {
  const address = `data/${name}.js`;
  let loaded = loading.get(name);
  if (!loaded) {
    loaded = new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = address;
      script.onload = () => resolve();
      script.onerror = () => reject(new Error(`${address} cannot be loaded`));
      document.head.append(script);
    });
    loading.set(name, loaded);
    loaded.catch(() => loading.delete(name));
  }
  await loaded;
  return window.reportgenPieces?.[name] as T;
}

function bytes(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

function scoresOf(base64: string): number[] {
  const packed = bytes(base64);
  const view = new DataView(packed.buffer);
  return Array.from({ length: packed.length / 2 }, (_, place) => view.getUint16(2 * place, true) / SCORE_STEPS);
}

/** Cuts packed cells into one list a statement, each as long as `cells` says. */
function cut(base64: string, statements: number[], cells: (statement: number) => number): Map<number, number[]> {
  const all = Array.from(bytes(base64), (step) => step / SHARE_STEPS);
  let at = 0;
  return new Map(statements.map((statement) => [statement, all.slice(at, (at += cells(statement)))]));
}

function unfolded(triangle: number[]): number[][] {
  const pattern: number[][] = [];
  for (let at = 0; at < triangle.length; at += pattern.length) pattern.push(triangle.slice(at, at + pattern.length + 1));
  return pattern;
}

const heads = new Map<string, Head>();

/** All that is kept of one head, L9H1. */
export async function headPiece(data: StudyData, name: string): Promise<Head> {
  const known = heads.get(name);
  if (known) return known;
  const packed = await piece<HeadPiece>(`heads/${name}`);
  const { statements, explorer } = data;
  const length = (place: number) => statements[place]?.tokens.length ?? 0;
  const rows = cut(packed.rows, explorer.rows, (place) => (statements[place]?.query ?? -1) + 1);
  const examples = explorer.examples.map(({ statement }) => statement);
  const patterns = cut(packed.patterns, examples, (place) => (length(place) * (length(place) + 1)) / 2);
  const scores = scoresOf(packed.scores);
  const pattern = (place: number) => {
    const triangle = patterns.get(place);
    return triangle && unfolded(triangle);
  };
  const head: Head = {
    scores: new Map(explorer.scores.map((place, index) => [place, scores[index] ?? Number.NaN])),
    relations: packed.relations,
    row: (place) => rows.get(place) ?? pattern(place)?.[statements[place]?.query ?? -1],
    pattern,
  };
  heads.set(name, head);
  return head;
}

/** The scores of every head in one statement, layer by layer. */
export async function statementScores(data: StudyData, statement: number): Promise<number[]> {
  const { chunk } = data.explorer;
  const packed = await piece<StatementsPiece>(`statements/${Math.floor(statement / chunk)}`);
  const all = data.model.layers * data.model.heads;
  const from = (statement % chunk) * all;
  return scoresOf(packed.scores).slice(from, from + all);
}
