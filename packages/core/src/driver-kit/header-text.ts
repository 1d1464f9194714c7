import { isUtf8 } from "node:buffer";
import { NO_HEADERS } from "../contract/headers.ts";

/** Converts the bytes of a header value to text: UTF-8 as it is, anything else as `base64:…`. */
export function bytesAsText(value: Buffer): string {
  return isUtf8(value) ? value.toString("utf8") : `base64:${value.toString("base64")}`;
}

/** Collects the headers of one received message. The values of a repeated name become a JSON array of strings. */
export class HeaderCollector {
  #headers: Record<string, string> | undefined;
  #repeated: Map<string, string[]> | undefined;

  add(name: string, value: string): void {
    this.#headers ??= Object.create(null) as Record<string, string>;
    const before = this.#headers[name];
    if (before === undefined) {
      this.#headers[name] = value;
      return;
    }
    this.#repeated ??= new Map();
    const values = this.#repeated.get(name) ?? [before];
    values.push(value);
    this.#repeated.set(name, values);
    this.#headers[name] = JSON.stringify(values);
  }

  /** The headers so far, in an object without a prototype. Do not change it. */
  get headers(): Readonly<Record<string, string>> {
    return this.#headers ?? NO_HEADERS;
  }
}
