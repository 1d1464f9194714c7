/** A backend that has a test broker: the name of its package. */
export type BrokerName = "kafka" | "rabbitmq" | "redis" | "servicebus";

/** A real server for a test. A test may harm it, unless the server was given by URL. */
export interface TestBroker extends AsyncDisposable {
  readonly url: string;
  readonly version: string;
  /** Where the server comes from, for people. */
  readonly how: string;
  /** False for a server that was given by URL: `kill`, `pause`, `resume` and `restart` reject. */
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

/** The folder of a server's programs, in this system or in another one that lies in the folder `root` and is used with chroot. */
export interface Place {
  readonly root: string;
  readonly programs: string;
}

/** How a run gets its server. */
export type Way =
  | { readonly by: "url"; readonly url: string }
  | { readonly by: "docker" }
  | { readonly by: "machine"; readonly place: Place }
  | NoWay;

/** There is no server. */
export interface NoWay {
  readonly by: "none";
  /** Advice for a person. */
  readonly reason: string;
  /** The Debian packages that `provision` may install to change that. */
  readonly packages: readonly string[];
}

/** A program that must be installed. */
export interface Program {
  readonly name: string;
  readonly aptPackage: string;
}

/** How a backend's server is started in each way. */
export interface Recipe<Server extends TestBroker, Options> {
  /** In capitals, the end of the variable: `ANYBROKER_TEST_RABBITMQ`. */
  readonly name: BrokerName;
  readonly label: string;
  atUrl(url: string): Promise<Server>;
  inDocker(options: Options): Promise<Server>;
  /** The server's program, and the folders that may hold it, as seen from within `root`. */
  readonly program: Program & { readonly folders: readonly string[] };
  /** Further programs that a server on this machine needs, on the PATH. */
  further?(): readonly Program[];
  onMachine(place: Place, options: Options): Promise<Server>;
}

/** Finds or starts a real server of one backend. */
export interface BrokerModule<Server extends TestBroker = TestBroker, Options = object> {
  readonly name: BrokerName;
  readonly label: string;
  find(): Promise<Way>;
  /**
   * Starts a server. Installs what it needs first, where that is allowed.
   * @throws Error that says what to do when there is no server.
   */
  start(options: Options): Promise<Server>;
}
