import { SqlSyntaxError } from "./errors.ts";

/** The words that cannot be names unless they are quoted. */
const KEYWORDS = [
  "AND",
  "OR",
  "NOT",
  "IS",
  "NULL",
  "IN",
  "LIKE",
  "ESCAPE",
  "EXISTS",
  "TRUE",
  "FALSE",
  "SET",
  "REMOVE",
] as const;

/** A reserved word, in upper case. */
export type Keyword = (typeof KEYWORDS)[number];

/** A piece of an expression. `offset` counts from 0; `text` is as it was written. */
export type Token = { readonly offset: number; readonly text: string } & (
  | { readonly type: "keyword"; readonly keyword: Keyword }
  | { readonly type: "name"; readonly name: string; readonly quoted: boolean }
  | { readonly type: "parameter"; readonly name: string }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "integer"; readonly value: bigint }
  | { readonly type: "double"; readonly value: number }
  | { readonly type: "symbol" }
  | { readonly type: "end" }
);

const KEYWORD_BY_NAME: ReadonlyMap<string, Keyword> = new Map(KEYWORDS.map((keyword) => [keyword, keyword]));
const SPACE = /\s+/uy;
const NAME = /\p{L}[_\p{L}\p{Nd}]*/uy;
const NUMBER = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;
const SYMBOL = /<>|!=|<=|>=|[=<>+\-*/%().,;]/y;
const LONG_MAX = 2n ** 63n - 1n;

// How a quoted piece ends, and what it is called. A doubled end quote stands for itself.
const QUOTES: ReadonlyMap<string, { readonly end: string; readonly what: string }> = new Map([
  ["'", { end: "'", what: "string constant" }],
  ['"', { end: '"', what: "quoted identifier" }],
  ["[", { end: "]", what: "delimited identifier" }],
]);

/** Cuts an expression into tokens; the last one is `end`. Throws `SqlSyntaxError` at what begins no token. */
export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let offset = 0;
  for (;;) {
    offset += match(SPACE, text, offset).length;
    if (offset >= text.length) return [...tokens, { type: "end", offset, text: "" }];
    const token = next(text, offset);
    tokens.push(token);
    offset += token.text.length;
  }
}

function next(text: string, offset: number): Token {
  const first = text.charAt(offset);
  if (QUOTES.has(first)) return quoted(text, offset, first);
  if (first === "@") return parameter(text, offset);

  const name = match(NAME, text, offset);
  if (name !== "") {
    const keyword = KEYWORD_BY_NAME.get(name.toUpperCase());
    if (keyword !== undefined) return { type: "keyword", keyword, offset, text: name };
    return { type: "name", name, quoted: false, offset, text: name };
  }

  const number = match(NUMBER, text, offset);
  if (number !== "") return numeric(text, offset, number);

  const symbol = match(SYMBOL, text, offset);
  if (symbol !== "") return { type: "symbol", offset, text: symbol };
  const character = String.fromCodePoint(text.codePointAt(offset) ?? 0);
  throw new SqlSyntaxError(text, offset, character, "The character begins no part of an expression.");
}

function quoted(text: string, offset: number, first: string): Token {
  const { end, what } = QUOTES.get(first) ?? { end: first, what: "constant" };
  let value = "";
  let at = offset + 1;
  for (;;) {
    const close = text.indexOf(end, at);
    if (close < 0) throw new SqlSyntaxError(text, offset, first, `The ${what} is not closed: ${end} is missing.`);
    value += text.slice(at, close);
    at = close + 1;
    if (text.charAt(at) !== end) break;
    value += end;
    at += 1;
  }
  const written = text.slice(offset, at);
  if (first === "'") return { type: "string", value, offset, text: written };
  if (value === "") throw new SqlSyntaxError(text, offset, written, `The ${what} is empty.`);
  return { type: "name", name: value, quoted: true, offset, text: written };
}

function parameter(text: string, offset: number): Token {
  const name = match(NAME, text, offset + 1);
  if (name === "") throw new SqlSyntaxError(text, offset, "@", "A parameter needs a name after @.");
  return { type: "parameter", name: `@${name}`, offset, text: `@${name}` };
}

function numeric(text: string, offset: number, written: string): Token {
  const end = offset + written.length;
  const rest = match(NAME, text, end);
  if (rest !== "") throw new SqlSyntaxError(text, offset, written + rest, "A name cannot begin with a digit.");
  if (!/^\d+$/.test(written)) return { type: "double", value: Number(written), offset, text: written };
  const value = BigInt(written);
  if (value > LONG_MAX) throw new SqlSyntaxError(text, offset, written, "The integer does not fit into 64 bits.");
  return { type: "integer", value, offset, text: written };
}

function match(pattern: RegExp, text: string, offset: number): string {
  // A sticky pattern of this file is only ever used here, so nobody else moves its index.
  pattern.lastIndex = offset;
  return pattern.exec(text)?.[0] ?? "";
}
