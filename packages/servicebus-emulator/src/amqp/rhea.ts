import rhea from "rhea";

// The parts of rhea 3.0.5 that the emulator uses. rhea's own types leave out most of what a server needs, and describe
// the rest for clients. The version is pinned, because some of these parts are private.

/** A value with its AMQP type. */
export interface Typed {
  readonly type: { readonly name: string };
  readonly value: unknown;
  readonly descriptor?: Typed | undefined;
}

export interface AmqpError {
  readonly condition: string;
  readonly description: string;
  readonly info: Record<string, unknown>;
}

/** A performative: its fields are in `value`, in the order of the specification. */
export interface Composite {
  readonly value: unknown[];
  readonly constructor: { readonly descriptor: { readonly numeric: number } };
}

export interface EndpointState {
  local_open: boolean;
  open_requests: number;
}

export interface Attach {
  source?: { address?: string; filter?: Record<string, unknown> } | undefined;
  target?: { address?: string } | undefined;
  snd_settle_mode?: number | undefined;
  rcv_settle_mode?: number | undefined;
  max_message_size?: number | undefined;
  properties?: Record<string, unknown> | undefined;
}

interface Link {
  readonly name: string;
  readonly connection: Connection;
  readonly session: Session;
  readonly state: EndpointState;
  readonly local: { readonly attach: Attach; readonly detach: { closed: boolean } };
  readonly remote: { readonly attach: Attach };
  on(event: string, listener: (context: EventContext) => void): void;
  set_source(fields: object): void;
  set_target(fields: object): void;
  close(error?: AmqpError): void;
  open(): void;
  is_open(): boolean;
}

/** A link on which the emulator sends. */
export interface Sender extends Link {
  credit: number;
  delivery_count: number;
  /** Whether the client asked for its credit to be used up. */
  readonly _draining: boolean;
  _get_drain(): boolean;
  issue_flow: boolean;
  send(payload: Buffer, tag: Buffer | undefined, format: number): OutgoingDelivery;
}

/** A link on which the emulator receives. */
export interface Receiver extends Link {
  readonly credit: number;
  add_credit(credit: number): void;
  _incomplete?: { readonly frames: readonly Buffer[] } | undefined;
}

export interface OutgoingDelivery {
  readonly link: Sender;
  settled: boolean;
  remote_settled: boolean;
  readonly remote_state: Outcome | undefined;
  update(settled: boolean, state: Typed): void;
}

export interface IncomingDelivery {
  readonly remote_settled: boolean;
  update(settled: boolean, state: Typed): void;
}

/** A delivery with the state that the server gave it. */
export interface Told {
  readonly state: { readonly descriptor: { readonly value: unknown } } | undefined;
}

/** The state that a client set a delivery to. */
export interface Outcome {
  readonly constructor: { readonly composite_type?: string | undefined };
  /** A boolean, or 0 or 1. */
  readonly undeliverable_here?: boolean | number | undefined;
  readonly message_annotations?: Record<string, unknown> | undefined;
  readonly error?: { readonly info?: Record<string, unknown> | undefined } | undefined;
}

export interface Frame {
  readonly channel: number;
  readonly performative: Record<string, unknown>;
  readonly payload?: Buffer | undefined;
}

export interface Session {
  readonly connection: Connection;
  readonly local: { readonly begin: Record<string, unknown> };
  on_transfer(frame: Frame): void;
  on_flow(frame: Frame): void;
  on_disposition(frame: Frame): void;
  /** `updated`: the deliveries whose state is to be told to the client. */
  readonly incoming: { next_delivery_id: unknown; updated: readonly Told[]; process(session: Session): void };
  /**
   * - `updated`: the deliveries whose state the client has set, and which nobody has looked at.
   * - `pending_dispositions`: the deliveries whose state is to be told to the client.
   */
  readonly outgoing: { updated: OutgoingDelivery[]; pending_dispositions: readonly Told[]; process(): void };
  _get_link(frame: Frame): Sender | Receiver;
  find_sender(filter: (link: Sender) => boolean): Sender | undefined;
  end(error?: AmqpError): void;
}

export interface Connection {
  readonly local: { readonly open: Record<string, unknown> };
  readonly socket: Socket;
  readonly amqp_transport: { encode(frame: object): void };
  /** What SASL was spoken, if it was. */
  readonly sasl_transport?:
    | { readonly selected?: { readonly mechanism?: unknown; readonly username?: string | undefined } | undefined }
    | undefined;

  /** The size of the frame that is being received. */
  readonly frame_size?: number | undefined;
  on(event: string, listener: () => void): void;
  accept(socket: Socket): void;
  output(): void;
  close(error?: AmqpError): void;
  is_open(): boolean;
  _register(): void;
  _write_frame(channel?: number, frame?: Composite, payload?: Buffer): void;
  each_link(action: (link: Sender | Receiver) => void): void;
}

/** What rhea needs of a socket. */
export interface Socket {
  on(event: string, listener: (...values: never[]) => void): unknown;
  write(bytes: Buffer): unknown;
  end(): unknown;
  destroy(): unknown;
  cork(): void;
  uncork(): void;
}

export interface EventContext {
  readonly connection: Connection;
  readonly session?: Session | undefined;
  readonly sender?: Sender | undefined;
  readonly receiver?: Receiver | undefined;
  readonly delivery?: (OutgoingDelivery & IncomingDelivery) | undefined;
  /** Always bytes, because of the format that `repairSession` sets. */
  readonly message?: Buffer | undefined;
  readonly format?: number | undefined;
  readonly error?: Error | undefined;
}

/** A decoded message. */
export interface DecodedMessage {
  readonly message_id?: unknown;
  readonly correlation_id?: unknown;
  readonly reply_to?: string | undefined;
  readonly application_properties?: Record<string, unknown> | undefined;
  readonly body?: unknown;
}

interface Reader {
  read(): Typed;
}

interface ValueWriter {
  write(value: Typed): void;
  toBuffer(): Buffer;
}

interface Types {
  wrap(value: unknown): Typed;
  wrap_int(value: number): Typed;
  wrap_long(value: number | Buffer): Typed;
  wrap_symbol(value: string): Typed;
  wrap_string(value: string): Typed;
  wrap_map(value: object): Typed;
  wrap_list(value: readonly unknown[]): Typed;
  wrap_uuid(value: Buffer): Typed;
  wrap_timestamp(value: number): Typed;
  wrap_array(values: readonly unknown[], code: number): Typed;
  wrap_double(value: number): Typed;
  wrap_described(value: unknown, descriptor: number | string): Typed;
  unwrap(value: Typed): unknown;
  readonly Reader: new (bytes: Buffer) => Reader;
  readonly Writer: new () => ValueWriter;
}

export interface Container {
  readonly sasl_server_mechanisms: Record<string, () => object> & {
    enable_anonymous(): void;
    enable_plain(check: (name: string, key: string) => boolean): void;
  };
  on(event: string, listener: (context: EventContext) => void): void;
  create_connection(options: object): Connection;
}

interface Rhea {
  create_container(options: object): Container;
  readonly types: Types;
  readonly message: {
    encode(message: object): Buffer;
    decode(bytes: Buffer): DecodedMessage;
    accepted(): { described(): Typed };
    rejected(fields: { readonly error: AmqpError }): { described(): Typed };
  };
}

// The interfaces above describe the same objects, private parts included.
const internal = rhea as unknown as Rhea;

export const types: Types = internal.types;
export const message: Rhea["message"] = internal.message;
export const createContainer: (options: object) => Container = (options) => internal.create_container(options);
