import { invalidConfig } from "./failures.ts";
import { type Address, type ParameterTypes, parseUrl } from "./url.ts";

/**
 * What an option of an adapter may be: as `typeof` says it, a `secret` (a string that no URL may have as a parameter),
 * a `Buffer`, an integer from 1 (`count`) or 1000 (`milliseconds`) on, or one value of its own (`=value`).
 */
export type OptionKind =
  | ("string" | "secret" | "boolean" | "count" | "milliseconds" | "Buffer" | "function" | "object")
  | `=${string}`;

/** For each option of an adapter but its URL what it may be. */
export type OptionKinds<Options> = Readonly<Record<Exclude<keyof Options, "url">, readonly OptionKind[]>>;

/**
 * The options as they are given, and those that the URL has as parameters, with the parts of the URL. Throws
 * `INVALID_CONFIG` for a URL of another scheme, for an option that does not exist and for one of the wrong kind, naming
 * it, and never a value that may be secret.
 */
export function readOptions<Options extends { readonly url: string }>(
  given: Options,
  schemes: readonly string[],
  kinds: OptionKinds<Options>,
): Options & { readonly address: Address } {
  const known = Object.entries<readonly OptionKind[]>(kinds);
  const address = parseUrl(String(given.url), Object.fromEntries(known.flatMap(parameter)));
  if (!schemes.includes(address.scheme)) {
    throw invalidConfig(`the URL's scheme must be ${schemes.join(" or ")}, not ${address.scheme}`);
  }
  const options = { ...address.parameters, ...given };
  const allowed = new Map(known);
  for (const [name, value] of Object.entries(options)) {
    if (name !== "url" && value !== undefined) check(name, value, allowed);
  }
  return { ...options, address };
}

/** What the URL may say of an option. */
function parameter([name, kinds]: readonly [string, readonly OptionKind[]]): [string, ParameterTypes[string]][] {
  if (kinds.some((kind) => kind === "count" || kind === "milliseconds")) return [[name, "number"]];
  if (kinds.includes("boolean")) return [[name, "boolean"]];
  return kinds.some((kind) => kind === "string" || kind.startsWith("=")) ? [[name, "string"]] : [];
}

function check(name: string, value: unknown, known: ReadonlyMap<string, readonly OptionKind[]>): void {
  const allowed = known.get(name);
  if (allowed === undefined) {
    throw invalidConfig(`unknown option ${JSON.stringify(name)}; known ones: url, ${[...known.keys()].join(", ")}`);
  }
  const kinds = kindsOf(value);
  if (allowed.some((kind) => kinds.includes(kind))) return;
  const words = allowed.map((kind) => (kind === "secret" ? "string" : kind.replace(/^=/, "")));
  throw invalidConfig(`the option ${name} must be ${words.join(" or ")}`);
}

function kindsOf(value: unknown): readonly string[] {
  if (Buffer.isBuffer(value)) return ["Buffer"];
  if (typeof value === "string") return ["string", "secret", `=${value}`];
  if (!Number.isSafeInteger(value) || Number(value) < 1) return [typeof value];
  return Number(value) >= 1_000 ? ["count", "milliseconds"] : ["count"];
}
