/** A backend that has a test broker: the name of its package. */
export type BrokerName = "kafka" | "rabbitmq" | "redis";

/** A real server for a test. A test may hurt it, unless the server was given by URL. */
export interface TestBroker extends AsyncDisposable {
  readonly url: string;
  readonly version: string;
  /** How the server came to be there, for people. */
  readonly how: string;
  /** False for a server that was given by URL: it is used as it is, and `kill`, `pause`, `resume` and `restart` reject. */
  readonly ours: boolean;
  /** Ends the server at once, as a power cut would. */
  kill(): Promise<void>;
  /** Freezes the server: connections stay open and the server does not reply. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Starts the server again on the same data and port, and resolves when it is ready. Kills a running server first. */
  restart(): Promise<void>;
  /** Ends the server and removes its data. */
  stop(): Promise<void>;
  /** Creates an account that may use what exists and create nothing, and returns its URL. */
  restricted?(): Promise<string>;
}

/** A server's programs: a folder in this system, or in another system that lies in the folder `root` and is used with chroot. */
export interface Place {
  readonly root: string;
  readonly programs: string;
}

/** The way to a server that is open. */
export type Way =
  | { readonly by: "url"; readonly url: string }
  | { readonly by: "docker" }
  | { readonly by: "machine"; readonly place: Place }
  | NoWay;

/** No way is open. */
export interface NoWay {
  readonly by: "none";
  /** What to do about it, for people. */
  readonly reason: string;
  /** The Debian packages that `provision` may install to open a way. */
  readonly packages: readonly string[];
}

/** A program that must be installed. */
export interface Program {
  readonly name: string;
  readonly aptPackage: string;
}

/** How a backend's server starts in each of the ways. */
export interface Recipe<Server extends TestBroker, Options> {
  /** Its capitals are the end of the variable: `ANYBROKER_TEST_RABBITMQ`. */
  readonly name: BrokerName;
  readonly label: string;
  atUrl(url: string): Promise<Server>;
  inDocker(options: Options): Promise<Server>;
  /** The program of the server, and the folders, as seen from within `root`, that may have it. */
  readonly program: Program & { readonly folders: readonly string[] };
  /** Further programs that a server on this machine needs; they are looked for on the PATH. */
  further?(): readonly Program[];
  onMachine(place: Place, options: Options): Promise<Server>;
}

/** Finds or starts a real server of one backend. */
export interface BrokerModule<Server extends TestBroker = TestBroker, Options = object> {
  readonly name: BrokerName;
  readonly label: string;
  find(): Promise<Way>;
  /**
   * Starts a server, and installs what that needs first.
   * @throws Error that says what to do when no way is open.
   */
  start(options: Options): Promise<Server>;
}
