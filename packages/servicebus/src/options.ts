import type * as core from "@anybroker/core/driver";
import { invalidConfig, readOptions } from "@anybroker/core/driver";
import type { TokenCredential, WebSocketImpl } from "@azure/service-bus";
import { urlOfConnectionString } from "./connecting/connection-string.ts";

/** The options of `servicebus`. */
export interface ServicebusOptions {
  /**
   * `servicebus://keyName:key@namespace.servicebus.windows.net`, percent-encoded, or a connection string:
   * `Endpoint=sb://…;SharedAccessKeyName=…;SharedAccessKey=…`. Without a key the option `credential` is needed.
   */
  readonly url: string;
  /** An identity of Microsoft Entra ID, such as a `DefaultAzureCredential`, in place of a key. Not a URL parameter. */
  readonly credential?: TokenCredential | undefined;
  /** A signature for a part of the namespace or for a while, in place of a key. Not a URL parameter. */
  readonly sharedAccessSignature?: string | undefined;
  /** Whether the server is an emulator, without TLS. @default false */
  readonly emulator?: boolean | undefined;
  /** How long the service may take for one request, in milliseconds: from 1 000. @default 10 000 */
  readonly timeout?: number | undefined;
  /** The URL of an intermediary to connect to in place of the namespace, such as `https://proxy.example.com:100`. */
  readonly customEndpoint?: string | undefined;
  /** A constructor of WebSockets, such as that of the package `ws`: the connection goes through port 443. Not a URL parameter. */
  readonly webSocket?: WebSocketImpl | undefined;
  /** Options for `webSocket`, such as the agent of a proxy. Not a URL parameter. */
  readonly webSocketOptions?: object | undefined;
  /** The proxy for administration requests: `{ host, port, username, password }`. Not a URL parameter. */
  readonly proxy?: ProxyOptions | undefined;
  /** The only entity that the key may use, as the connection string names it. */
  readonly entityPath?: string | undefined;
  /** Names of existing queues, topics and subscriptions for logical names. */
  readonly naming?: core.NamingOptions | undefined;
}

/** A proxy for requests over HTTPS. */
export interface ProxyOptions {
  /** With its scheme: `https://proxy.example.com`. */
  readonly host: string;
  readonly port: number;
  /** The user that the proxy asks for. */
  readonly username?: string | undefined;
  /** The password of the user. */
  readonly password?: string | undefined;
}

/** The checked options, with the parts of their URL. */
export type Settings = ServicebusOptions & {
  readonly address: core.Address;
  /** The host of the namespace, with the port if the URL has one. */
  readonly host: string;
};

/** The scheme of URLs, and the name with which connection strings begin. */
export const SCHEMES = ["servicebus", "endpoint"] as const;

const KINDS: core.OptionKinds<ServicebusOptions> = {
  credential: ["object"],
  sharedAccessSignature: ["secret"],
  emulator: ["boolean"],
  timeout: ["milliseconds"],
  customEndpoint: ["string"],
  webSocket: ["function"],
  webSocketOptions: ["object"],
  proxy: ["object"],
  entityPath: ["string"],
  naming: ["object"],
};

/** Checks options. Throws `INVALID_CONFIG`, which names the option and never a value that may be secret. */
export function settingsOf(given: ServicebusOptions): Settings {
  const { url, sharedAccessSignature } = urlOfConnectionString(String(given.url));
  const signed = sharedAccessSignature === undefined ? {} : { sharedAccessSignature };
  const settings = readOptions({ ...given, ...signed, url }, ["servicebus"], KINDS);
  const [host, ...others] = settings.address.hosts;
  if (host === undefined || others.length > 0) throw invalidConfig("the URL must name one host, that of the namespace");
  checkAccess(settings);
  return { ...settings, host: host.port === undefined ? host.host : `${host.host}:${host.port}` };
}

/** There is exactly one way to prove who the program is. */
function checkAccess({
  address,
  credential,
  sharedAccessSignature,
}: ServicebusOptions & Pick<Settings, "address">): void {
  const { username, password, path } = address;
  if (path !== undefined && path !== "")
    throw invalidConfig("the URL must not have a path: queues are named in the program");
  if ((username === undefined) !== (password === undefined) || username === "" || password === "") {
    throw invalidConfig("a key has a name and a value: SharedAccessKeyName and SharedAccessKey, or both in the URL");
  }
  const ways = [username, credential, sharedAccessSignature].filter((way) => way !== undefined);
  if (ways.length === 1) return;
  throw invalidConfig(
    ways.length === 0
      ? "there is no key: give its name and value in the URL, or the option credential"
      : "only one of a key, the option credential and a shared access signature can be used",
  );
}
