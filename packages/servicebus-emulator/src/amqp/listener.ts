import { randomUUID } from "node:crypto";
import type { Access } from "../access/access.ts";
import type { Namespace } from "../entities/namespace.ts";
import { Attaching, guardOf } from "./attach.ts";
import { ClientConnection, type TokenCheck } from "./client-connection.ts";
import { amqpError, LinkError } from "./errors.ts";
import type { Faults } from "./faults.ts";
import { MAX_FRAME_SIZE, repairConnection, repairSession } from "./repairs.ts";
import { type Connection, type Container, createContainer, type EventContext, type Socket } from "./rhea.ts";

const TOO_LARGE = "The received message exceeds the limit currently allowed on the link.";

/** How long a connection may be silent, in ms. Clients send empty frames in time. */
const IDLE_TIMEOUT = 120_000;

/** How many sessions a connection may have, and how many links a session. */
const CHANNEL_MAX = 4999;
const HANDLE_MAX = 4999;

/** How many unsettled deliveries a session may have. */
const UNSETTLED = 1 << 16;

const UNUSED_EVENTS = [
  "connection_error",
  "connection_close",
  "disconnected",
  "session_error",
  "sender_error",
  "sender_close",
  "receiver_error",
  "receiver_close",
];

interface Client {
  readonly connection: Connection;
  readonly state: ClientConnection;
  readonly attaching: Attaching;
}

/** Speaks AMQP 1.0 with the clients of a namespace. */
export class AmqpListener {
  readonly #namespace: Namespace;
  readonly #access: Access;
  readonly #checkToken: TokenCheck | undefined;
  readonly #faults: Faults;
  readonly #container: Container;
  readonly #clients = new Map<Connection, Client>();

  constructor(namespace: Namespace, access: Access, checkToken: TokenCheck | undefined, faults: Faults) {
    this.#namespace = namespace;
    this.#access = access;
    this.#checkToken = checkToken;
    this.#faults = faults;
    this.#container = this.#createContainer();
  }

  /** Serves a client on a connected socket. */
  accept(socket: Socket): void {
    const connection = this.#container.create_connection({
      container_id: randomUUID(),
      idle_time_out: IDLE_TIMEOUT,
      max_frame_size: MAX_FRAME_SIZE,
      channel_max: CHANNEL_MAX,
      properties: { product: "anybroker-servicebus-emulator" },
      session_buffer_size: { incoming: 2048, outgoing: UNSETTLED },
      receiver_options: { credit_window: 1000, autoaccept: false, autosettle: false },
      sender_options: { autosettle: true, treat_modified_as_released: false },
    });
    repairConnection(connection);
    const state = new ClientConnection(connection, this.#access, this.#checkToken, this.#namespace.clock);
    const client = { connection, state, attaching: new Attaching(this.#namespace, state, this.#faults) };
    this.#clients.set(connection, client);
    // The bytes are not AMQP 1.0, or break its rules. rhea only half-closes the socket then.
    const fail = (): void => void setImmediate(() => socket.destroy());
    connection.on("error", fail);
    connection.on("protocol_error", fail);
    connection.accept(socket);
    socket.on("data", () => {
      // A frame that is larger than was agreed would be collected in memory.
      if ((connection.frame_size ?? 0) > MAX_FRAME_SIZE) socket.destroy();
    });
    socket.on("close", () => this.#forget(client));
  }

  /** Ends all connections, with an error that clients try again after. */
  closeConnections(): void {
    for (const { state } of this.#clients.values()) {
      state.end(amqpError(new LinkError("amqp:connection:forced", "The connection was closed by the server.")));
    }
  }

  #createContainer(): Container {
    const container = createContainer({ id: randomUUID() });
    container.sasl_server_mechanisms.MSSBCBS = () => ({
      start() {
        Object.assign(this, { outcome: true });
      },
    });
    container.sasl_server_mechanisms.enable_plain((name, key) => this.#access.isKey(name, key));
    container.sasl_server_mechanisms.enable_anonymous();
    container.sasl_server_mechanisms.EXTERNAL = container.sasl_server_mechanisms.MSSBCBS;
    this.#on(container, "connection_open", ({ client, connection }) => {
      const grant = this.#grantOfSasl(connection);
      if (grant !== undefined) client.state.authorizeByKey(grant);
    });
    this.#on(container, "session_open", ({ client, context }) => {
      if (context.session === undefined) return;
      context.session.local.begin.handle_max = HANDLE_MAX;
      repairSession(context.session, {
        tooLarge: (link) => link.close(amqpError(new LinkError("amqp:link:message-size-exceeded", TOO_LARGE))),
        outcome: (delivery) => client.attaching.settle(delivery),
      });
    });
    this.#on(container, "receiver_open", ({ client, connection, context }) => {
      if (context.receiver !== undefined) client.attaching.openReceiver(context.receiver, guardOf(connection));
    });
    this.#on(container, "sender_open", ({ client, connection, context }) => {
      if (context.sender !== undefined) client.attaching.openSender(context.sender, guardOf(connection));
    });
    this.#on(container, "session_close", ({ client, context }) => {
      if (context.session !== undefined) client.state.sessionEnded(context.session);
    });
    // Without a listener rhea throws, or prints, what these events say.
    for (const event of UNUSED_EVENTS) container.on(event, () => undefined);
    return container;
  }

  #on(
    container: Container,
    event: string,
    handler: (event: { client: Client; connection: Connection; context: EventContext }) => void,
  ): void {
    container.on(event, (context) => {
      const client = this.#clients.get(context.connection);
      if (client === undefined) return;
      const { connection } = client;
      guardOf(connection)(() => handler({ client, connection, context }))(context);
    });
  }

  /** What a client may do that has given its key when it connected. */
  #grantOfSasl(connection: Connection): ReturnType<Access["grantOfKey"]> {
    const { mechanism, username } = connection.sasl_transport?.selected ?? {};
    const isPlain = typeof mechanism === "object" && mechanism !== null && "callback" in mechanism;
    return isPlain && username !== undefined ? this.#access.grantOfKey(username) : undefined;
  }

  #forget(client: Client): void {
    this.#clients.delete(client.connection);
    client.state.dispose();
  }
}
