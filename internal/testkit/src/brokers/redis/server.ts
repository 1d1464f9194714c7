import type { TestBroker } from "../broker.ts";

export interface RedisOptions {
  /** Adds a TLS port with a certificate of a private authority. */
  readonly tls?: boolean;
  /** Further arguments of the server, which override ours: `["--appendonly", "no"]`. */
  readonly config?: readonly string[];
  /** Starts a Cluster of three servers; the URL names all of them. On this machine only. */
  readonly cluster?: boolean;
  /** Starts a server with two replicas and a sentinel; the URL is the sentinel's. On this machine only. */
  readonly sentinel?: boolean;
}

export interface RedisUser {
  readonly name: string;
  readonly password: string;
  /** ACL rules such as `~orders*` and `+@all`. @default no rights */
  readonly rules?: readonly string[];
}

export interface Redis extends TestBroker {
  /** The TLS port, if it was asked for: its URL, and paths of PEM files. */
  readonly tls?: {
    readonly url: string;
    readonly ca: string;
    readonly clientCert: string;
    readonly clientKey: string;
  };
  /** Sends one command to the server, on a connection of its own. */
  call(command: string, ...args: readonly (string | number)[]): Promise<unknown>;
  /** Makes the server refuse commands that take memory, or accept them again. */
  alarm(on: boolean): Promise<void>;
  /** Creates a user and returns the URL to connect as this user. */
  createUser(user: RedisUser): Promise<string>;
}
