import type { BrokerError } from "../base/errors.ts";
import { USER_INFO } from "../base/redact.ts";
import { invalidConfig } from "./failures.ts";

/** The parameters that a URL may have, with their types. Each is the adapter option of the same name. */
export type ParameterTypes = Readonly<Record<string, "string" | "number" | "boolean">>;

/** The host of one server. */
export interface Host {
  readonly host: string;
  readonly port: number | undefined;
}

/** The decoded parts of a URL of the form `scheme://[user:password@]host[:port][,host…][/path][?option=value]`. */
export interface Address {
  readonly scheme: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly hosts: readonly Host[];
  /** The path without its leading slash; undefined if there is none. */
  readonly path: string | undefined;
  readonly parameters: Readonly<Record<string, string | number | boolean>>;
}

const SCHEME = /^([a-z][a-z0-9+.-]*):/i;
/**
 * An `@` ends user and password, and occurs nowhere else. So no URL whose password contains `/`, `?`, `#` or `@` passes
 * for one with a part of the password as its host, path or parameter.
 */
const GRAMMAR = /^[^:]+:(?:\/\/(?:([^\s:@/?#]*)(?::([^\s@/?#]*))?@)?|(?!\/))([^/?#@]*)(?:\/([^?#@]*))?(?:\?([^#@]*))?$/;
const HOST = /^(\[[0-9a-f:.]+\]|[^\s:[\]]*)(?::(\d{1,5}))?$/i;

/** The advice for a URL with an `@`: its password may contain characters that end the URL's user part too early. */
const ADVICE =
  "percent-encode / ? # @ : % and white space in its parts, " +
  "or pass user name and password as the options username and password";

/** Creates the error for a part of the URL that is wrong. */
type Refuse = (part: string, problem: string) => BrokerError;

/**
 * Parses a broker URL. Throws `INVALID_CONFIG` if the URL does not have the expected form, or if a parameter is
 * unknown, repeated or of the wrong type. The message says which part is wrong, but shows nothing of the URL except its
 * scheme: in a wrong URL anything else may be a part of the password.
 */
export function parseUrl(url: string, types: ParameterTypes): Address {
  const advice = url.includes("@") ? `; ${ADVICE}` : "";
  const scheme = schemeOf(url);
  const match = scheme === undefined ? null : GRAMMAR.exec(url);
  if (scheme === undefined || match === null) {
    const form = `${scheme ?? "scheme"}://${USER_INFO}host[:port][,host…][/path][?option=value]`;
    throw invalidConfig(`the URL does not have the form ${form}${advice}`);
  }
  const refuse: Refuse = (part, problem) => invalidConfig(`${part} of the URL ${scheme}:… ${problem}${advice}`);
  const [, username, password, hosts = "", path, query = ""] = match;
  return {
    scheme,
    username: username === undefined ? undefined : decode(username, "the user name", refuse),
    password: password === undefined ? undefined : decode(password, "the password", refuse),
    hosts: hosts === "" ? [] : hosts.split(",").map((text, index) => parseHost(text, `host ${index + 1}`, refuse)),
    path: path === undefined ? undefined : decode(path, "the path", refuse),
    parameters: parseParameters(query, types, refuse),
  };
}

/** Returns the scheme of a URL in lower case, or undefined if the text does not begin with one. */
export function schemeOf(url: string): string | undefined {
  return SCHEME.exec(url)?.[1]?.toLowerCase();
}

/** Formats an address for error messages: scheme, hosts and path, without any secret. */
export function formatAddress(address: Pick<Address, "scheme" | "hosts" | "path">): string {
  const hosts = address.hosts.map(({ host, port }) => {
    const name = host.includes(":") ? `[${host}]` : host;
    return port === undefined ? name : `${name}:${port}`;
  });
  // Encoded, so that an `@` in it is not taken for the end of a password.
  const path = address.path?.replaceAll(/[\s?#@%]/g, encodeURIComponent);
  return `${address.scheme}://${hosts.join(",")}${path === undefined ? "" : `/${path}`}`;
}

function parseHost(text: string, part: string, refuse: Refuse): Host {
  const match = HOST.exec(text);
  const host = decode(match?.[1] ?? "", part, refuse);
  const port = match?.[2] === undefined ? undefined : Number(match[2]);
  // An encoded `@` is in a URL that was encoded as a whole, with its password.
  if (host === "" || host.includes("@") || (port !== undefined && (port < 1 || port > 65_535))) {
    throw refuse(part, "is not a host, or a host and a port from 1 to 65535");
  }
  return { host: host.replace(/^\[(.*)\]$/, "$1"), port };
}

function parseParameters(
  query: string,
  types: ParameterTypes,
  refuse: Refuse,
): Record<string, string | number | boolean> {
  const parameters: Record<string, string | number | boolean> = {};
  const pairs = query.split("&").filter((pair) => pair !== "");
  for (const [index, pair] of pairs.entries()) {
    const part = `parameter ${index + 1}`;
    const at = pair.indexOf("=");
    const name = decode(at < 0 ? pair : pair.slice(0, at), part, refuse);
    const type = Object.hasOwn(types, name) ? types[name] : undefined;
    if (type === undefined) throw refuse(part, `is unknown; known ones: ${Object.keys(types).join(", ") || "none"}`);
    const known = `the parameter ${name}`;
    if (Object.hasOwn(parameters, name)) throw refuse(known, "occurs twice");
    parameters[name] = convert(at < 0 ? "" : decode(pair.slice(at + 1), known, refuse), type, known, refuse);
  }
  return parameters;
}

function convert(text: string, type: ParameterTypes[string], part: string, refuse: Refuse): string | number | boolean {
  if (type === "string") return text;
  if (type === "boolean") {
    if (text === "true" || text === "false") return text === "true";
    throw refuse(part, "must be true or false");
  }
  const number = Number(text);
  if (text.trim() === "" || !Number.isFinite(number)) throw refuse(part, "must be a number");
  return number;
}

function decode(text: string, part: string, refuse: Refuse): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refuse(part, "is not percent-encoded correctly");
  }
}
