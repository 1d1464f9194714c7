import type { Duplex } from "node:stream";
import { Access, type AccessKey, type Grant } from "./access/access.ts";
import { adminApi } from "./admin/admin-api.ts";
import { authorizer } from "./admin/authorization.ts";
import type { Tier } from "./admin/descriptions.ts";
import { namespaceAdmin } from "./admin/entities-admin.ts";
import { adminListener } from "./admin/node-http.ts";
import type { TokenCheck } from "./amqp/client-connection.ts";
import { Faults } from "./amqp/faults.ts";
import { AmqpListener } from "./amqp/listener.ts";
import { EMULATOR_KEY, emulatorConnectionString, ROOT_KEY_NAME } from "./config/connection-string.ts";
import { createEntities } from "./config/create-entities.ts";
import { parseEmulatorConfig } from "./config/emulator-config.ts";
import { systemClock } from "./entities/clock.ts";
import { Namespace } from "./entities/namespace.ts";
import { type EmulatorFaults, emulatorFaults } from "./faults.ts";
import { type Certificate, selfSignedCertificate } from "./port/certificate.ts";
import { withHealth } from "./port/requests.ts";
import { SharedPort } from "./port/shared-port.ts";

/** The key of Microsoft's emulator, and of this one if none is given. */
const DEFAULT_KEY: AccessKey = { name: ROOT_KEY_NAME, key: EMULATOR_KEY };

/** The name of the namespace, as Microsoft's emulator calls it. */
const NAMESPACE_NAME = "sbemulatorns";

/** How an emulator is started. */
export interface EmulatorOptions {
  /** @default 0: a free port */
  readonly port?: number | undefined;
  /** @default "127.0.0.1" */
  readonly host?: string | undefined;
  /** The text of a Config.json of Microsoft's emulator: the entities to begin with. */
  readonly config?: string | undefined;
  /** @default one key, `RootManageSharedAccessKey`, with the value `SAS_KEY_VALUE` */
  readonly keys?: readonly AccessKey[] | undefined;
  /** Checks tokens of Microsoft Entra ID. By default, none is accepted. */
  readonly checkToken?: TokenCheck | undefined;
  /** The tier whose limits the administration API keeps. @default "Standard" */
  readonly tier?: Tier | undefined;
  /** For TLS, in PEM. @default a self-signed one, made when the first client speaks TLS */
  readonly certificate?: Certificate | undefined;
}

/** An emulator that is running. `close()` ends it and forgets everything. */
export interface ServiceBusEmulator extends AsyncDisposable {
  readonly port: number;
  /** What clients connect with, by the first key and without TLS. */
  readonly connectionString: string;
  readonly namespace: Namespace;
  readonly faults: EmulatorFaults;
  /** The certificate that clients have to trust if they use TLS, in PEM. */
  certificate(): Promise<string>;
  close(): Promise<void>;
}

/** Starts an emulator in this process. Rejects if the port is taken. */
export async function startServiceBusEmulator(options: EmulatorOptions = {}): Promise<ServiceBusEmulator> {
  const { host = "127.0.0.1", keys = [DEFAULT_KEY] } = options;
  const namespace = new Namespace(systemClock);
  if (options.config !== undefined) createEntities(namespace, parseEmulatorConfig(options.config));
  const faults = new Faults(systemClock);
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
  let certificate: Promise<Certificate> | undefined;
  const certificateOf = (): Promise<Certificate> => {
    certificate ??=
      options.certificate === undefined ? selfSignedCertificate(host) : Promise.resolve(options.certificate);
    return certificate;
  };
  const shared = new SharedPort({
    amqp: (stream: Duplex) => amqp.accept(stream),
    http: withHealth(adminListener(api)),
    certificate: certificateOf,
  });
  const port = await shared.listen(options.port ?? 0, host);
  const close = async (): Promise<void> => {
    namespace.dispose();
    await shared.close();
  };
  const [key = DEFAULT_KEY] = keys;
  return {
    port,
    connectionString: emulatorConnectionString({ host, port, keyName: key.name, key: key.key }),
    namespace,
    faults: emulatorFaults(namespace, faults, amqp, shared),
    certificate: async () => (await certificateOf()).cert,
    close,
    [Symbol.asyncDispose]: close,
  };
}
