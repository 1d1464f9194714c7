import type { TestBroker } from "../broker.ts";

export interface KafkaOptions {
  /** Lines for `server.properties`. */
  readonly config?: readonly string[];
  /**
   * Adds a TLS listener, and a TLS listener with PLAIN, SCRAM and OAUTHBEARER. Clients of the plain listener and the user
   * `ada` may do everything. Other users may do what an ACL allows.
   */
  readonly secure?: boolean;
  /** How many listeners to add that advertise another port, on which the test starts a proxy. */
  readonly proxied?: number;
  /** How many servers to start; the URL names all of them. Everything has up to three replicas. On this machine only. */
  readonly nodes?: number;
}

export interface Kafka extends TestBroker {
  /** The further listeners: the port of each, and the port that it advertises. */
  readonly proxied: readonly { readonly port: number; readonly advertised: number }[];
  /** Each of several servers by itself. The first has `node.id` 1. */
  readonly nodes: readonly TestBroker[];
  /** The secured listeners, if they were asked for: their URLs without users, and paths of PEM files. */
  readonly secure?: {
    readonly tls: string;
    readonly sasl: string;
    readonly ca: string;
    readonly clientCert: string;
    readonly clientKey: string;
  };
}

/** The users of a secured server and their passwords. */
export const USERS = { ada: "p:/?#[]@ %41", bob: "bob-secret" } as const;
