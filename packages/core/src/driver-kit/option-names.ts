import { show } from "../base/check.ts";
import { invalidConfig } from "./failures.ts";

/** Throws `INVALID_CONFIG` for an unknown option, or options that are not an object. The message lists the known ones. */
export function checkOptionNames(what: string, options: unknown, known: readonly string[]): asserts options is object {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw invalidConfig(`${what} must be an object with ${known.join(", ")}, not ${show(options)}`);
  }
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw invalidConfig(`${what}: unknown option ${JSON.stringify(unknown)}; known ones: ${known.join(", ")}`);
}
