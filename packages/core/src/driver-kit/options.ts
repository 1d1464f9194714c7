import { invalidConfig } from "./failures.ts";
import { checkNaming } from "./naming.ts";
import { checkOptionNames } from "./option-names.ts";
import { type Address, type ParameterTypes, parseUrl, schemeOf } from "./url.ts";

/**
 * The kinds of value that an adapter's option can have: a type by its `typeof` name; `secret`, a string that cannot be
 * a URL parameter; `Buffer`; `count`, an integer from 1; `milliseconds`, an integer from 1000; or `=value`, that very
 * string.
 */
export type OptionKind =
  | ("string" | "secret" | "boolean" | "count" | "milliseconds" | "Buffer" | "function" | "object")
  | `=${string}`;

/** The accepted kinds of each option of an adapter, except its URL. */
export type OptionKinds<Options> = Readonly<Record<Exclude<keyof Options, "url">, readonly OptionKind[]>>;

/**
 * Reads the options of an adapter from its config object and from the parameters of its URL. The config object takes
 * precedence. An option that is undefined there counts as missing. Throws `INVALID_CONFIG` for a URL with another scheme,
 * for an unknown option, also inside `naming`, and for a value of the wrong kind. The message names the option, but never
 * its value, which may be secret.
 */
export function readOptions<Options extends { readonly url: string }>(
  given: Options,
  schemes: readonly string[],
  kinds: OptionKinds<Options>,
): Options & { readonly address: Address } {
  const known = Object.entries<readonly OptionKind[]>(kinds);
  const url = String(given.url);
  checkScheme(url, schemes);
  const address = parseUrl(url, Object.fromEntries(known.flatMap(parameter)));
  checkOptionNames(`the options of ${address.scheme}`, given, ["url", ...known.map(([name]) => name)]);
  const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const options = { ...address.parameters, ...present };
  for (const [name, kinds] of known) {
    if (options[name] !== undefined) check(name, options[name], kinds);
  }
  if (options.naming !== undefined) checkNaming(options.naming);
  // The cast is true: what is missing of `given` is undefined there, and what the URL adds was checked.
  return { ...options, address } as Options & { readonly address: Address };
}

function checkScheme(url: string, schemes: readonly string[]): void {
  const scheme = schemeOf(url) ?? "";
  if (schemes.includes(scheme)) return;
  // Without its slashes it may be a user or a password instead.
  if (scheme !== "" && url.startsWith("://", scheme.length)) {
    throw invalidConfig(`the URL's scheme must be ${schemes.join(" or ")}, not ${scheme}`);
  }
  throw invalidConfig(`the URL must begin with ${schemes.map((known) => `${known}://`).join(" or ")}`);
}

/** Returns the URL parameter for an option, or none if the option cannot be one. */
function parameter([name, kinds]: readonly [string, readonly OptionKind[]]): [string, ParameterTypes[string]][] {
  if (kinds.some((kind) => kind === "count" || kind === "milliseconds")) return [[name, "number"]];
  if (kinds.includes("boolean")) return [[name, "boolean"]];
  return kinds.some((kind) => kind === "string" || kind.startsWith("=")) ? [[name, "string"]] : [];
}

function check(name: string, value: unknown, allowed: readonly OptionKind[]): void {
  const kinds = kindsOf(value);
  if (allowed.some((kind) => kinds.includes(kind))) return;
  throw invalidConfig(`the option ${name} must be ${allowed.map(describeKind).join(" or ")}`);
}

function describeKind(kind: OptionKind): string {
  if (kind === "secret") return "string";
  if (kind === "count") return "an integer from 1";
  if (kind === "milliseconds") return "an integer from 1000 (milliseconds)";
  return kind.replace(/^=/, "");
}

function kindsOf(value: unknown): readonly string[] {
  if (Buffer.isBuffer(value)) return ["Buffer"];
  if (typeof value === "string") return ["string", "secret", `=${value}`];
  if (!Number.isSafeInteger(value) || Number(value) < 1) return [typeof value];
  return Number(value) >= 1_000 ? ["count", "milliseconds"] : ["count"];
}
