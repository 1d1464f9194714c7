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

const GRAMMAR =
  /^([a-z][a-z0-9+.-]*):(?:\/\/|(?!\/))(?:([^:@/?#]*)(?::([^@/?#]*))?@)?([^/?#@]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/i;
const HOST = /^(\[[0-9a-f:.]+\]|[^:[\]]*)(?::(\d{1,5}))?$/i;

/**
 * Parses a broker URL. Throws `INVALID_CONFIG` if the URL does not have the expected form, or if a parameter is
 * unknown, repeated or of the wrong type. The message names the part that is wrong, but no secret.
 */
export function parseUrl(url: string, types: ParameterTypes): Address {
  const match = GRAMMAR.exec(url);
  if (match === null) {
    throw invalidConfig(
      "the URL does not have the form scheme://[user:password@]host[:port][,host…][/path][?option=value]",
    );
  }
  const [, scheme = "", username, password, hosts = "", path, query = ""] = match;
  return {
    scheme: scheme.toLowerCase(),
    username: username === undefined ? undefined : decode("user name", username),
    password: password === undefined ? undefined : decode("password", password),
    hosts: hosts === "" ? [] : hosts.split(",").map(parseHost),
    path: path === undefined ? undefined : decode("path", path),
    parameters: parseParameters(query, types),
  };
}

/** Formats an address for error messages: scheme, hosts and path, without any secret. */
export function formatAddress(address: Pick<Address, "scheme" | "hosts" | "path">): string {
  const hosts = address.hosts.map(({ host, port }) => (port === undefined ? host : `${host}:${port}`)).join(",");
  return `${address.scheme}://${hosts}${address.path === undefined ? "" : `/${address.path}`}`;
}

function parseHost(text: string): Host {
  const match = HOST.exec(text);
  const port = match?.[2] === undefined ? undefined : Number(match[2]);
  if (match === null || match[1] === "" || (port !== undefined && (port < 1 || port > 65_535))) {
    throw invalidConfig(`${JSON.stringify(text)} is not a host, or a host and a port from 1 to 65535`);
  }
  return { host: decode("host", match[1] ?? "").replace(/^\[(.*)\]$/, "$1"), port };
}

function parseParameters(query: string, types: ParameterTypes): Record<string, string | number | boolean> {
  const parameters: Record<string, string | number | boolean> = {};
  for (const pair of query.split("&").filter((part) => part !== "")) {
    const at = pair.indexOf("=");
    const name = decode("parameter", at < 0 ? pair : pair.slice(0, at));
    const type = Object.hasOwn(types, name) ? types[name] : undefined;
    if (type === undefined) {
      const known = Object.keys(types).join(", ") || "none";
      throw invalidConfig(`unknown parameter ${JSON.stringify(name)} in the URL; known ones: ${known}`);
    }
    if (Object.hasOwn(parameters, name)) throw invalidConfig(`the URL has the parameter ${name} twice`);
    parameters[name] = convert(name, at < 0 ? "" : decode(name, pair.slice(at + 1)), type);
  }
  return parameters;
}

function convert(name: string, text: string, type: "string" | "number" | "boolean"): string | number | boolean {
  if (type === "string") return text;
  if (type === "boolean") {
    if (text === "true" || text === "false") return text === "true";
    throw invalidConfig(`the URL parameter ${name} must be true or false`);
  }
  const number = Number(text);
  if (text.trim() === "" || !Number.isFinite(number)) throw invalidConfig(`the URL parameter ${name} must be a number`);
  return number;
}

function decode(what: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalidConfig(`the ${what} in the URL is not percent-encoded correctly`);
  }
}
