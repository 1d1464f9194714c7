import { isUtf8 } from "node:buffer";
import { NO_HEADERS, OWN_PREFIX } from "../contract/headers.ts";

/** Converts the bytes of a header value to text: UTF-8 as it is, anything else as `base64:…`. */
export function bytesAsText(value: Buffer): string {
  return isUtf8(value) ? value.toString("utf8") : `base64:${value.toString("base64")}`;
}

/**
 * Collects the headers of one received message. The values of a repeated name become a JSON array of strings. A repeated
 * header with the name of one of ours is left out: we never repeat one.
 */
export class HeaderCollector {
  #headers: Record<string, string> | undefined;
  #repeated: Map<string, string[]> | undefined;

  add(name: string, value: string): void {
    this.#headers ??= Object.create(null) as Record<string, string>;
    const first = this.#headers[name];
    const repeated = this.#repeated?.get(name);
    if (first === undefined && repeated === undefined) {
      this.#headers[name] = value;
      return;
    }
    const values = repeated ?? [first ?? ""];
    values.push(value);
    this.#repeated ??= new Map();
    this.#repeated.set(name, values);
    if (name.startsWith(OWN_PREFIX)) delete this.#headers[name];
    else this.#headers[name] = JSON.stringify(values);
  }

  /** The headers so far, in an object without a prototype. Do not change it. */
  get headers(): Readonly<Record<string, string>> {
    return this.#headers ?? NO_HEADERS;
  }
}
