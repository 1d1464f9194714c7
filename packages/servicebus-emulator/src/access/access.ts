import { createHmac, timingSafeEqual } from "node:crypto";

/** What a key allows. */
export type Claim = "Send" | "Listen" | "Manage";

/** A shared access key. */
export interface AccessKey {
  readonly name: string;
  readonly key: string;
  /** @default all three */
  readonly claims?: readonly Claim[] | undefined;
  /** The path of the only entity that the key is for. By default, it is for the whole namespace. */
  readonly entity?: string | undefined;
}

/** What a token allows, and where. */
export interface Grant {
  /** The lower-cased path of an entity; empty for the whole namespace. */
  readonly scope: string;
  readonly claims: ReadonlySet<Claim>;
  /** In ms since 1970. */
  readonly expiresAt: number;
}

/** A token is not valid. */
export class InvalidToken extends Error {}

const ALL_CLAIMS: readonly Claim[] = ["Send", "Listen", "Manage"];

/** Checks shared access signatures, and names and keys, against the keys of the namespace. */
export class Access {
  readonly #keys: readonly AccessKey[];
  readonly #entityKeys: () => Iterable<AccessKey>;

  /** `entityKeys` are those that entities have now. Keys of one name are tried one after the other. */
  constructor(keys: readonly AccessKey[], entityKeys: () => Iterable<AccessKey> = () => []) {
    this.#keys = keys;
    this.#entityKeys = entityKeys;
  }

  /**
   * Checks a token of the form `SharedAccessSignature sr=…&sig=…&se=…&skn=…`.
   *
   * https://learn.microsoft.com/azure/service-bus-messaging/service-bus-sas
   */
  grantOfSignature(token: string, now: number): Grant {
    const fields = fieldsOf(token);
    const resource = fields.get("sr");
    const signature = fields.get("sig");
    const expiry = fields.get("se");
    const name = decode(fields.get("skn") ?? "");
    if (resource === undefined || signature === undefined || expiry === undefined || name === "") {
      throw new InvalidToken("InvalidSignature: The token lacks one of sr, sig, se and skn.");
    }
    // The resource is a URI, so characters of a path are encoded twice.
    const scope = pathOf(decode(decode(resource)));
    const text = `${resource}\n${expiry}`;
    const given = decode(signature);
    const key = this.#named(name).find(
      (candidate) => covers(pathOf(candidate.entity ?? ""), scope) && isSignature(given, candidate.key, text),
    );
    if (key === undefined) {
      throw new InvalidToken("InvalidSignature: The token has an invalid signature.");
    }
    const expiresAt = Number(expiry) * 1000;
    if (!(expiresAt > now)) throw new InvalidToken("ExpiredToken: The token is expired.");
    return { scope, claims: claimsOf(key), expiresAt };
  }

  isKey(name: string, secret: string): boolean {
    return this.#keys.some((candidate) => candidate.name === name && candidate.key === secret);
  }

  /** What a client may do that has proven that it knows the key of a name, for as long as its connection lasts. */
  grantOfKey(name: string): Grant | undefined {
    const key = this.#keys.find((candidate) => candidate.name === name);
    if (key === undefined) return undefined;
    return { scope: pathOf(key.entity ?? ""), claims: claimsOf(key), expiresAt: Number.POSITIVE_INFINITY };
  }

  #named(name: string): readonly AccessKey[] {
    return [...this.#keys, ...this.#entityKeys()].filter((key) => key.name === name);
  }
}

/** Whether a grant allows one of the claims for the entity at a path. Manage includes the other two. */
export function allows(grant: Grant, path: string, claims: readonly Claim[]): boolean {
  if (!covers(grant.scope, path.toLowerCase())) return false;
  return grant.claims.has("Manage") || claims.some((claim) => grant.claims.has(claim));
}

/** The path in a URI, lower-cased, without its query and without slashes around it. A path is returned as it is. */
export function pathOf(uri: string): string {
  return uri
    .replace(/^[a-z]+:\/\/[^/]*/i, "")
    .replace(/\?.*$/, "")
    .replace(/^\/+|\/+$/g, "")
    .toLowerCase();
}

function covers(scope: string, path: string): boolean {
  return scope === "" || path === scope || path.startsWith(`${scope}/`);
}

function claimsOf(key: AccessKey): ReadonlySet<Claim> {
  return new Set(key.claims ?? ALL_CLAIMS);
}

function fieldsOf(token: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const field of token.replace(/^SharedAccessSignature\s+/i, "").split("&")) {
    const equals = field.indexOf("=");
    if (equals > 0) fields.set(field.slice(0, equals).toLowerCase(), field.slice(equals + 1));
  }
  return fields;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new InvalidToken("InvalidSignature: The token is not URL-encoded.");
  }
}

function isSignature(given: string, key: string, text: string): boolean {
  const right = createHmac("sha256", key).update(text).digest();
  const bytes = Buffer.from(given, "base64");
  return bytes.length === right.length && timingSafeEqual(bytes, right);
}
