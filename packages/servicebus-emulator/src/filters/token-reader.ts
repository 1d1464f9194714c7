import { SqlSyntaxError } from "./errors.ts";
import { type Keyword, type Token, tokenize } from "./tokens.ts";

/** Reads the tokens of an expression one after the other. */
export class TokenReader {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokenize(text);
  }

  /** The next token, or the one after it. Beyond the end there is only `end`. */
  peek(ahead: 0 | 1 = 0): Token {
    const token = this.#tokens[Math.min(this.#at + ahead, this.#tokens.length - 1)];
    if (token === undefined) throw new Error("a list of tokens has no end");
    return token;
  }

  /** Takes the next token. */
  take(): Token {
    const token = this.peek();
    if (token.type !== "end") this.#at += 1;
    return token;
  }

  /** Takes the next token if it is one of the symbols, and returns it. */
  takeSymbol<S extends string>(...symbols: readonly S[]): S | undefined {
    const token = this.peek();
    const symbol = token.type === "symbol" ? symbols.find((candidate) => candidate === token.text) : undefined;
    if (symbol !== undefined) this.take();
    return symbol;
  }

  /** Takes the next token if it is the keyword. */
  takeKeyword(keyword: Keyword): boolean {
    if (!this.nextIs(keyword)) return false;
    this.take();
    return true;
  }

  /** Whether the next token, or the one after it, is the keyword. */
  nextIs(keyword: Keyword, ahead: 0 | 1 = 0): boolean {
    const token = this.peek(ahead);
    return token.type === "keyword" && token.keyword === keyword;
  }

  /** Takes a symbol that has to come now. */
  expectSymbol(symbol: string): void {
    if (this.takeSymbol(symbol) === undefined) throw this.error(this.peek(), `${symbol} is expected here.`);
  }

  /** Takes a keyword that has to come now. */
  expectKeyword(keyword: Keyword): void {
    if (!this.takeKeyword(keyword)) throw this.error(this.peek(), `${keyword} is expected here.`);
  }

  /** An error at a token. */
  error(token: Token, details: string): SqlSyntaxError {
    const written = token.type === "end" ? "<end of expression>" : token.text;
    return new SqlSyntaxError(this.#text, token.offset, written, details);
  }
}
