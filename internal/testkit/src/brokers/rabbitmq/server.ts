import type { TestBroker } from "../broker.ts";

export interface RabbitmqOptions {
  /** Adds a TLS listener with a certificate of a private authority. */
  readonly tls?: boolean;
  /** Lines for `rabbitmq.conf`. */
  readonly config?: readonly string[];
  /** Settings of the server's application `rabbit` that `rabbitmq.conf` does not have, as Erlang terms by name. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface RabbitmqUser {
  readonly name: string;
  readonly password: string;
  /** Regular expressions of names. @default no rights */
  readonly permissions?: { readonly configure?: string; readonly write?: string; readonly read?: string };
}

export interface Rabbitmq extends TestBroker {
  /** The TLS listener, if it was asked for: its URL, and paths of PEM files. */
  readonly tls?: {
    readonly url: string;
    readonly ca: string;
    readonly clientCert: string;
    readonly clientKey: string;
  };
  /** Runs `rabbitmqctl` against the server and returns what it prints. */
  ctl(...args: readonly string[]): Promise<string>;
  /** Raises or lifts the memory alarm, at which the server stops reading from publishers. */
  alarm(on: boolean): Promise<void>;
  /**
   * Resolves when the queues declared so far survive `kill()`. RabbitMQ 3.10 writes the term of a new quorum queue up to a
   * second late. If it is killed before that, the queue never has a leader again, and calls about it get no reply.
   */
  persist(): Promise<void>;
  /** Creates a user and returns the URL to connect as this user. */
  createUser(user: RabbitmqUser): Promise<string>;
}
