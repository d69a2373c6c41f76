// What a study's files hold: the twin of the page as JSON (`study.json`, whose schema is published beside it) and
// the pieces that are loaded when somebody asks for a head or a statement. A piece is a script that hands its data
// over, because a page opened from a file may load scripts from beside it and nothing else.

export interface StudyData {
  schema: string;
  study: { id: string; title: string; question: string; authors: string[]; abstract: string; date: string };
  model: { name: string; origin: string; identity: string; layers: number; heads: number };
  measure: { key_span: string; query_position: string; aggregation: string };
  tests: { alpha: number; smallest_effect: number; headline: string;
  interval: string; top_heads: number };
  contrasts: Contrast[];
  statements: Statement[];
  explorer: Explorer;
}

/** One contrast; every list under `heads` has one entry a head, in the order of the model: layer by layer. */
export interface Contrast {
  id: string;
  title: string;
  a: SetOfStatements;
  b: SetOfStatements;
  design: "paired" | "independent";
  compared: "paired" | "independent";
  test: string;
  n: string;
  family: number;
  finding: string;
  corrections: { method: string; name: string; heads: number; beyond: number }[];
  heads: Heads;
}

/** `statements` are indices into the study's statements; in a paired contrast row by row the partners of the other set's. */
export interface SetOfStatements {
  name: string;
  statements: number[];
}

/** Shares of attention from 0 to 1; null where a head could not be tested. */
export interface Heads {
  mean_a: number[];
  sd_a: number[];
  mean_b: number[];
  sd_b: number[];
  effect: number[];
  effect_low: (number | null)[];
  effect_high: (number | null)[];
  simultaneous_low: (number | null)[];
  simultaneous_high: (number | null)[];
  standardized: (number | null)[];
  dominance: (number | null)[];
  p_value: (number | null)[];
  equivalence: (number | null)[];
  cross_fitted: (number | null)[];
  stability: (number | null)[];
  adjusted: Record<string, (number | null)[]>;
  found: boolean[];
  rank: number[];
  verdict: string[];
}

export interface Statement {
  id: string;
  text: string;
  pair: string;
  truth: boolean;
  relation: string;
  subject: string;
  object: string;
  tokens: string[];
  subject_tokens: number[];
  object_tokens: number[];
  query: number;
  keys: number[];
}

/** What can be looked at in full: which statements have scores, rows and whole patterns in the pieces. */
export interface Explorer {
  /** Statements whose scores stand in every head's piece, as indices into the study's statements. */
  scores: number[];
  /** Those of them that have the attention of their query position to every token. */
  rows: number[];
  /** Those that have whole patterns, and why they were chosen. */
  examples: { statement: number; why: string }[];
  /** The rule by which the examples were chosen, in words. */
  rule: string;
  /** How many statements share one piece of scores over all heads. */
  chunk: number;
  /** The largest error of a share of attention that quantization brings. */
  error: number;
}

/** `heads/L9H1`: all that is known of one head, packed (see pieces.ts). */
export interface HeadPiece {
  scores: string;
  rows: string;
  patterns: string;
  relations: Record<string, RelationEffect[]>;
}

/** A contrast within one relation; the interval is the test's own, null where there are too few statements. */
export interface RelationEffect {
  relation: string;
  n: number;
  effect: number;
  low: number | null;
  high: number | null;
}

/** `statements/3`: the scores of a run of statements over all heads, packed [statement, head of any layer]. */
export interface StatementsPiece {
  scores: string;
}
