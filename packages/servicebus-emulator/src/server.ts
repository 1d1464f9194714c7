import { createServer as createHttpServer } from "node:http";
import { createServer, type Socket } from "node:net";
import { Access, type AccessKey, type Grant } from "./access/access.ts";
import { adminApi } from "./admin/admin-api.ts";
import { authorizer } from "./admin/authorization.ts";
import type { Tier } from "./admin/descriptions.ts";
import { namespaceAdmin } from "./admin/entities-admin.ts";
import { adminListener } from "./admin/node-http.ts";
import type { TokenCheck } from "./amqp/client-connection.ts";
import { Faults } from "./amqp/faults.ts";
import { AmqpListener } from "./amqp/listener.ts";
import { systemClock } from "./entities/clock.ts";
import { Namespace } from "./entities/namespace.ts";
import { switchProtocol } from "./protocol-switch.ts";

/** The key of Microsoft's emulator, and of this one if none is given. */
const DEFAULT_KEY: AccessKey = { name: "RootManageSharedAccessKey", key: "SAS_KEY_VALUE" };

/** The name of the namespace, as Microsoft's emulator calls it. */
const NAMESPACE_NAME = "sbemulatorns";

export interface EmulatorOptions {
  /** @default 0: a free port */
  readonly port?: number | undefined;
  /** @default "127.0.0.1" */
  readonly host?: string | undefined;
  /** @default one key, `RootManageSharedAccessKey`, with the value `SAS_KEY_VALUE` */
  readonly keys?: readonly AccessKey[] | undefined;
  /** Checks tokens of Microsoft Entra ID. By default, none is accepted. */
  readonly checkToken?: TokenCheck | undefined;
  /** The tier whose limits the administration API keeps. @default "Standard" */
  readonly tier?: Tier | undefined;
}

export interface ServiceBusEmulator extends AsyncDisposable {
  readonly port: number;
  /** What clients connect with, for the first key. */
  readonly connectionString: string;
  readonly namespace: Namespace;
  readonly faults: Faults;
  close(): Promise<void>;
}

export async function startServiceBusEmulator(options: EmulatorOptions = {}): Promise<ServiceBusEmulator> {
  const { port = 0, host = "127.0.0.1", keys = [DEFAULT_KEY] } = options;
  const namespace = new Namespace(systemClock);
  const faults = new Faults();
  const entities = namespaceAdmin(namespace);
  const access = new Access(keys, () => entities.keys());
  const amqp = new AmqpListener(namespace, access, options.checkToken, faults);
  const grantOfToken = (token: string): Grant | undefined => {
    const claims = options.checkToken?.(token);
    return claims && { scope: "", claims: new Set(claims), expiresAt: Number.POSITIVE_INFINITY };
  };
  const api = adminApi({
    entities,
    namespace: NAMESPACE_NAME,
    tier: options.tier ?? "Standard",
    createdAt: new Date(),
    authorize: authorizer(access, grantOfToken, () => namespace.clock.now()),
  });
  const http = createHttpServer(adminListener(api));
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    switchProtocol(socket, {
      amqp: (connected) => amqp.accept(connected),
      http: (connected) => http.emit("connection", connected),
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  const address = server.address();
  const actualPort = typeof address === "object" && address !== null ? address.port : port;
  const close = async (): Promise<void> => {
    namespace.dispose();
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  };
  const [key = DEFAULT_KEY] = keys;
  return {
    port: actualPort,
    connectionString: `Endpoint=sb://${host}:${actualPort};SharedAccessKeyName=${key.name};SharedAccessKey=${key.key};UseDevelopmentEmulator=true;`,
    namespace,
    faults,
    close,
    [Symbol.asyncDispose]: close,
  };
}
