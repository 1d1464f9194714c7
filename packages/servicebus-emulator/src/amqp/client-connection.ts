import { type Access, allows, type Claim, type Grant, InvalidToken } from "../access/access.ts";
import type { Clock, Timer } from "../entities/clock.ts";
import { unauthorized } from "./errors.ts";
import type { AmqpError, Connection, Session } from "./rhea.ts";

/** A link that is open for as long as the client may use its entity. */
export interface AuthorizedLink {
  readonly session: Session;
  readonly path: string;
  readonly claims: readonly Claim[];
  /** Tells the client, and ends the link. */
  end(error: unknown): void;
  /** The client has left. */
  left(): void;
}

/** How tokens that are no shared access signatures are checked. Returns claims, or undefined to refuse. */
export type TokenCheck = (token: string) => readonly Claim[] | undefined;

/** How a shared access signature begins. */
const SIGNATURE = "SharedAccessSignature";

/** A client's connection: what it may do, and its links. */
export class ClientConnection {
  readonly links: Set<AuthorizedLink> = new Set();
  readonly #connection: Connection;
  readonly #access: Access;
  readonly #checkToken: TokenCheck | undefined;
  readonly clock: Clock;
  readonly #grants = new Map<string, Grant>();
  readonly #expiry: Timer;

  constructor(connection: Connection, access: Access, checkToken: TokenCheck | undefined, clock: Clock) {
    this.#connection = connection;
    this.#access = access;
    this.#checkToken = checkToken;
    this.clock = clock;
    this.#expiry = clock.timer(() => this.#endExpired());
  }

  /** Takes a token for a resource. Throws a `LinkError` if the token is not valid. */
  authorize(token: string, resource: string): void {
    const grant = this.#grantOf(token, resource);
    this.#grants.set(resource, grant);
    if (grant.expiresAt !== Number.POSITIVE_INFINITY) this.#expiry.set(grant.expiresAt);
  }

  /** The client has proven at the beginning of the connection that it has a key. */
  authorizeByKey(grant: Grant): void {
    this.#grants.set("", grant);
  }

  /** Throws a `LinkError` unless the client has one of the claims for the entity at a path. */
  assertAllowed(path: string, claims: readonly Claim[]): void {
    if (this.#isAllowed(path, claims)) return;
    throw unauthorized(`Unauthorized access. '${claims.join(",")}' claim(s) are required to perform this operation.`);
  }

  /** Ends the connection with an error. */
  end(error: AmqpError): void {
    this.#connection.close(error);
  }

  /** The client has ended a session, with all links in it. */
  sessionEnded(session: Session): void {
    for (const link of [...this.links]) if (link.session === session) link.left();
  }

  /** The connection is over. */
  dispose(): void {
    this.#expiry.clear();
    for (const link of [...this.links]) link.left();
  }

  #grantOf(token: string, resource: string): Grant {
    // The type that a request states says little: the SDK for Python calls signatures "jwt" too.
    if (!token.startsWith(SIGNATURE)) {
      const claims = this.#checkToken?.(token);
      if (claims === undefined) throw unauthorized("InvalidToken: The token is not accepted.");
      return { scope: "", claims: new Set(claims), expiresAt: Number.POSITIVE_INFINITY };
    }
    try {
      return this.#access.grantOfSignature(token, this.clock.now());
    } catch (error) {
      if (!(error instanceof InvalidToken)) throw error;
      throw unauthorized(`${error.message} Resource: ${resource}`);
    }
  }

  #isAllowed(path: string, claims: readonly Claim[]): boolean {
    for (const grant of this.#grants.values()) if (allows(grant, path, claims)) return true;
    return false;
  }

  #endExpired(): void {
    const now = this.clock.now();
    for (const [resource, { expiresAt }] of this.#grants) {
      if (expiresAt <= now) this.#grants.delete(resource);
      else if (expiresAt !== Number.POSITIVE_INFINITY) this.#expiry.set(expiresAt);
    }
    for (const link of [...this.links]) {
      if (!this.#isAllowed(link.path, link.claims)) link.end(unauthorized("ExpiredToken: The token is expired."));
    }
  }
}
