/** A real server for a test. Where it is ours, a test may hurt it. */
export interface TestBroker extends AsyncDisposable {
  readonly url: string;
  readonly version: string;
  /** Where it comes from, for people. */
  readonly how: string;
  /** False for a server that was given by URL: it is used as it is, and `kill`, `pause`, `resume` and `restart` reject. */
  readonly ours: boolean;
  /** Ends the server at once, as a power cut would. */
  kill(): Promise<void>;
  /** Freezes the server: connections stay open and nothing answers. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Starts the server again on the same data and port, and resolves when it answers. A running one is killed before. */
  restart(): Promise<void>;
  /** Ends the server and removes its data. */
  stop(): Promise<void>;
  /** Makes an account that may use what is there and create nothing, and answers its URL. */
  restricted?(): Promise<string>;
}

/** A server's programs: a folder, in this system or in another one that lies in a folder (`root`) and is used with chroot. */
export interface Place {
  readonly root: string;
  readonly programs: string;
}

/** Which way to a server is open. `reason` says what to do where none is. */
export type Way =
  | { readonly by: "url"; readonly url: string }
  | { readonly by: "docker" }
  | { readonly by: "machine"; readonly place: Place }
  | { readonly by: "install" }
  | { readonly by: "none"; readonly reason: string };

/** What a backend has to say about itself: how it starts in each of the ways. */
export interface Backend<Server extends TestBroker, Options> {
  /** The name of its package, and in capitals the end of its variable: `ANYBROKER_TEST_RABBITMQ`. */
  readonly name: string;
  readonly label: string;
  /** The Debian package with the server. */
  readonly aptPackage: string;
  atUrl(url: string): Promise<Server>;
  inDocker(options: Options): Promise<Server>;
  /** The folders, as seen from within, in which its programs may be. */
  readonly folders: readonly string[];
  /** The program that must be there. */
  readonly program: string;
  onMachine(place: Place, options: Options): Promise<Server>;
}

/** One per backend: finds or starts a real server. */
export interface BrokerModule<Server extends TestBroker = TestBroker, Options = object> {
  readonly name: string;
  readonly label: string;
  find(): Promise<Way>;
  /** @throws Error that says what to do when no way is open. */
  start(options: Options): Promise<Server>;
}
