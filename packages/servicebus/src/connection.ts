import type { Socket } from "node:net";
import { Ending, invalidConfig, orAborted, reasonOf, unauthorized, unavailable } from "@anybroker/core/driver";
import {
  ServiceBusAdministrationClient,
  type ServiceBusAdministrationClientOptions,
  ServiceBusClient,
} from "@azure/service-bus";
import { type RheaConnection, separateOutcomes } from "./connecting/separate-outcomes.ts";
import { classify, NOT_AMQP } from "./errors.ts";
import type { ProxyOptions, Settings } from "./options.ts";

/** The SDK's clients, for what anybroker does not offer. */
export interface ServicebusNative {
  readonly client: ServiceBusClient;
  /** Missing with a shared access signature: the SDK's administration takes a key or a credential. */
  readonly admin: ServiceBusAdministrationClient | undefined;
}

/** One connection to the service. The SDK would open another one in its place, but this object ends with the first. */
export interface Connection extends ServicebusNative {
  /** Resolves with the reason when the connection has ended. */
  readonly lost: Promise<unknown>;
  readonly ended: AbortSignal;
  /** Ends the connection for this driver. The client can still settle what it received, until it is closed. */
  end(reason: unknown): void;
  /** Destroys the socket. */
  cut(): void;
}

/** What the driver uses of the SDK's private objects, because nothing public tells that the connection was lost. */
interface Internals {
  readonly _connectionContext: { readonly connection: SdkConnection | undefined } | undefined;
}

interface SdkConnection {
  on(event: "disconnected", listener: (context: Disconnected) => void): void;
  /** That of rhea. */
  readonly _connection: (RheaConnection & { readonly socket: Socket | undefined }) | undefined;
}

interface Disconnected {
  readonly error: unknown;
  readonly connection: { readonly error: unknown } | undefined;
}

/** How long the SDK waits before it opens a link again, in ms: the driver has ended the source by then. */
const RETRY_DELAY = 100;

/** The name of an entity that does not exist: the service's answer shows that it is reached, and that the key is right. A key
 * for one entity is refused for any other one. */
const PROBE = "anybroker-probe";

/** Opens a connection. The SDK opens it with the first request only, so one is made. */
export async function openConnection(settings: Settings, signal: AbortSignal): Promise<Connection> {
  signal.throwIfAborted();
  const client = clientOf(settings);
  const connection = watch(client, adminOf(settings));
  try {
    await orAborted(Promise.race([probe(client, settings, signal), connection.lost.then(fail)]), signal);
    const socket = internals(client)._connection?.socket;
    socket?.setNoDelay?.(true);
    // rhea does not notice a socket that is closed without an error or an end.
    socket?.on("close", () => connection.end(unavailable("the connection to the service was closed")));
    return connection;
  } catch (error) {
    connection.end(error);
    connection.cut();
    void client.close().catch(() => {});
    throw explained(error, settings);
  }
}

function fail(reason: unknown): never {
  throw reason;
}

/** Resolves when the service has answered, and has not refused the key. */
export async function probe(client: ServiceBusClient, settings: Settings, abortSignal: AbortSignal): Promise<void> {
  try {
    await client.createReceiver(settings.entityPath ?? PROBE).peekMessages(1, { abortSignal });
  } catch (error) {
    if (/expired/i.test(reasonOf(error))) throw unauthorized(`the token has expired: ${reasonOf(error)}`, error);
    if (!["NOT_FOUND", "FORBIDDEN", "REJECTED"].includes(classify(error).code)) throw error;
  }
}

function explained(error: unknown, { host }: Settings): unknown {
  if (!NOT_AMQP.test(reasonOf(error))) return error;
  return invalidConfig(
    `the server at ${host} is no Azure Service Bus: it does not speak AMQP (${reasonOf(error)})`,
    error,
  );
}

function watch(client: ServiceBusClient, admin: ServiceBusAdministrationClient | undefined): Connection {
  const ended = new AbortController();
  const ending = new Ending(() => ended.abort(unavailable("the connection to the service has ended")));
  const connection = internals(client);
  if (connection._connection !== undefined) separateOutcomes(connection._connection);
  connection.on("disconnected", (context) => {
    const cause = context.error ?? context.connection?.error;
    const why = cause === undefined ? "" : `: ${reasonOf(cause)}`;
    ending.end(unavailable(`the connection to the service was lost${why}`, cause));
  });
  return {
    client,
    admin,
    lost: ending.lost,
    ended: ended.signal,
    end: ending.end,
    cut: () => void connection._connection?.socket?.destroy(new Error("the connection was cut")),
  };
}

/** The SDK's connection. Throws for a version of the SDK that has none in this place. */
function internals(client: ServiceBusClient): SdkConnection {
  // The cast is checked below.
  const connection = (client as unknown as Internals)._connectionContext?.connection;
  if (typeof connection?.on === "function") return connection;
  throw invalidConfig(
    "@anybroker/servicebus needs @azure/service-bus 7.9.5: in this version it cannot notice lost connections",
  );
}

function clientOf(settings: Settings): ServiceBusClient {
  const { host, credential, timeout = 10_000, customEndpoint, webSocket, webSocketOptions } = settings;
  const options = {
    // The core tries again. A receiver that has ended looks at the end of this delay that it has.
    retryOptions: { maxRetries: 0, timeoutInMs: timeout, retryDelayInMs: RETRY_DELAY },
    ...(customEndpoint === undefined ? {} : { customEndpointAddress: customEndpoint }),
    ...(webSocket === undefined
      ? {}
      : { webSocketOptions: { webSocket, webSocketConstructorOptions: webSocketOptions ?? {} } }),
  };
  if (credential !== undefined) return new ServiceBusClient(host, credential, options);
  return new ServiceBusClient(connectionString(settings), options);
}

function adminOf(settings: Settings): ServiceBusAdministrationClient | undefined {
  const { host, credential, sharedAccessSignature, emulator = false, proxy } = settings;
  if (sharedAccessSignature !== undefined) return undefined;
  const options: ServiceBusAdministrationClientOptions = proxy === undefined ? {} : { proxyOptions: proxyOf(proxy) };
  const admin =
    credential === undefined
      ? new ServiceBusAdministrationClient(connectionString(settings), options)
      : new ServiceBusAdministrationClient(host, credential, options);
  // The core tries again.
  admin.pipeline.removePolicy({ name: "defaultRetryPolicy" });
  if (emulator) {
    // The SDK always asks over HTTPS, which an emulator does not have.
    admin.pipeline.addPolicy({
      name: "anybrokerWithoutTls",
      sendRequest(request, next) {
        request.url = request.url.replace(/^https:/, "http:");
        request.allowInsecureConnection = true;
        return next(request);
      },
    });
  }
  return admin;
}

function proxyOf({ host, port, username, password }: ProxyOptions): ProxySettings {
  return {
    host,
    port,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
  };
}

type ProxySettings = NonNullable<ServiceBusAdministrationClientOptions["proxyOptions"]>;

function connectionString({ host, address, sharedAccessSignature, emulator = false }: Settings): string {
  const access =
    sharedAccessSignature === undefined
      ? `SharedAccessKeyName=${address.username};SharedAccessKey=${address.password}`
      : `SharedAccessSignature=${sharedAccessSignature}`;
  return `Endpoint=sb://${host}/;${access};${emulator ? "UseDevelopmentEmulator=true;" : ""}`;
}
