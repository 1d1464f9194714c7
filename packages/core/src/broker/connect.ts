// Bundles often begin with an import of `createRequire`, which a second one by that name would break.
import * as nodeModule from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { Broker } from "../api/broker.ts";
import type { AdapterLoader, ConnectConfig, ConnectOptions, Target } from "../api/connecting.ts";
import { show } from "../base/check.ts";
import { BrokerError, reasonOf } from "../base/errors.ts";
import type { Declared } from "../contract/capabilities.ts";
import type { Adapter, Driver } from "../contract/driver.ts";
import { ADAPTERS, PLANNED } from "./adapters.ts";
import { openBroker } from "./broker.ts";
import { settingsOf } from "./settings.ts";

const IN_A_BUNDLE =
  "if it is installed and this is a bundle, pass it in the option `drivers`, as " +
  "https://github.com/anybroker/anybroker/blob/main/docs/bundles.md shows";
const OWN_ADAPTER = "a program that has its own passes it in the option `drivers`";

/** The type of {@link connect}. */
export interface Connect {
  /**
   * Connects with a driver from an adapter's factory. The driver's capabilities determine the type of the broker
   * object: what the broker cannot do does not compile. It reconnects and rejects as with a URL.
   */
  <C extends Declared, N>(driver: Driver<C, N>, options?: ConnectOptions): Promise<Broker<C, N>>;
  /**
   * Connects to a URL, or with a config object that has a URL and options of its adapter. The broker object then
   * reconnects by itself until it is closed. Rejects with `UNAVAILABLE` when the broker could not be reached for 30 s
   * (`connectTimeout`), and at once if trying again cannot help, such as with a wrong password.
   *
   * @example
   * ```ts
   * import { connect } from "@anybroker/core";
   *
   * await using broker = await connect(process.env.BROKER_URL ?? "memory:", { connectTimeout: 10_000 });
   * await broker.queue("emails").send({ to: "ada@example.com" });
   * ```
   */
  (target: string | ConnectConfig, options?: ConnectOptions): Promise<Broker>;
}

/**
 * Connects to a broker. The broker object then reconnects by itself until it is closed.
 *
 * Retries for `connectTimeout` while the broker cannot be reached, and then rejects with `UNAVAILABLE`. Rejects at once
 * with `UNAUTHORIZED` if the broker refuses the credentials, `INVALID_CONFIG` if the target is wrong, `ADAPTER_MISSING`
 * if the package for the URL's scheme is not installed, `CANCELLED` if the signal aborts, and with a `TypeError` for a
 * wrong option.
 *
 * @example
 * ```ts
 * import { connect } from "@anybroker/core";
 *
 * await using broker = await connect(process.env.BROKER_URL ?? "memory:", { connectTimeout: 10_000 });
 * await broker.queue("emails").send({ to: "ada@example.com" });
 * ```
 */
export const connect: Connect = connectFor([]);

/** Creates a `connect` that uses the given adapters for their schemes, without importing their packages. */
export function connectFor(known: readonly Adapter[]): Connect {
  return async <C extends Declared, N>(target: Target<C, N>, options: ConnectOptions = {}): Promise<Broker<C, N>> => {
    const settings = settingsOf(options);
    const driver = await driverOf(target, options.drivers ?? {}, known);
    return openBroker(driver, settings, options);
  };
}

async function driverOf<C extends Declared, N>(
  target: Target<C, N>,
  drivers: Readonly<Record<string, AdapterLoader>>,
  known: readonly Adapter[],
): Promise<Driver<C, N>> {
  if (target === undefined || target === null || target === "") {
    throw new BrokerError("INVALID_CONFIG", "no broker URL: the target is empty; is an environment variable missing?");
  }
  if (typeof target === "object" && !("url" in target)) {
    if (typeof target.connect === "function" && typeof target.classify === "function") return target;
    throw new BrokerError("INVALID_CONFIG", "the target is neither a URL, nor a config with a url, nor a driver");
  }
  const config = typeof target === "string" ? { url: target } : target;
  if (typeof config !== "object" || typeof config.url !== "string") {
    throw new BrokerError("INVALID_CONFIG", `the broker URL must be a string, not ${show(config)}`);
  }
  const { queues, topics, ...rest } = config;
  const naming = queues === undefined && topics === undefined ? {} : { naming: { queues, topics } };
  const adapter = await adapterOf(config.url, drivers, known);
  // The cast is true: the overload for URLs and configs returns the most general type of broker object.
  return adapter.driver({ ...naming, ...rest, url: config.url }) as Driver<C, N>;
}

function schemeOf(url: string): string {
  const scheme = /^([a-z][a-z0-9+.-]*)[:=]/i.exec(url)?.[1];
  if (scheme !== undefined) return scheme.toLowerCase();
  throw new BrokerError("INVALID_CONFIG", "the broker URL does not begin with a scheme, such as memory:");
}

async function adapterOf(
  url: string,
  drivers: Readonly<Record<string, AdapterLoader>>,
  known: readonly Adapter[],
): Promise<Adapter> {
  const scheme = schemeOf(url);
  const loader = Object.hasOwn(drivers, scheme) ? drivers[scheme] : undefined;
  if (loader !== undefined) return loader();
  const own = known.find((adapter) => adapter.schemes.includes(scheme));
  if (own !== undefined) return own;
  const name = Object.hasOwn(ADAPTERS, scheme) ? ADAPTERS[scheme] : undefined;
  if (PLANNED.includes(scheme)) {
    throw new BrokerError("ADAPTER_MISSING", `there is no adapter for ${scheme} yet: ${OWN_ADAPTER}`);
  }
  if (name === undefined) {
    const schemes = [...Object.keys(ADAPTERS), ...Object.keys(drivers)].join(", ");
    // Without its slashes it may be a user or a password instead.
    const isScheme = url.startsWith("://", scheme.length);
    const what = isScheme
      ? `unknown scheme ${show(scheme)} in the broker URL`
      : "the broker URL does not begin with a known scheme";
    throw new BrokerError("INVALID_CONFIG", `${what}; known ones: ${schemes}`);
  }
  const module = await load(name, scheme);
  if (typeof module === "object" && module !== null && "adapter" in module) {
    // The cast is true for every package in ADAPTERS. The version of the contract is checked when it connects.
    return module.adapter as Adapter;
  }
  throw new BrokerError("INTERNAL", `package ${name} exports no adapter`);
}

/**
 * Imports a package as the running program would, or else as a program in the working directory or this package would.
 */
async function load(name: string, scheme: string): Promise<unknown> {
  const places = [process.argv[1], path.join(process.cwd(), "index.js")].filter((place) => place !== undefined);
  for (const place of places) {
    try {
      const found = nodeModule.createRequire(path.resolve(place)).resolve(name);
      return await import(pathToFileURL(found).href);
    } catch (error) {
      if (!isMissing(error, name)) throw failedToLoad(name, error);
    }
  }
  try {
    return await import(name);
  } catch (error) {
    if (!isMissing(error, name)) throw failedToLoad(name, error);
    const install = `install it with \`npm install ${name}\``;
    throw new BrokerError("ADAPTER_MISSING", `no adapter for ${scheme}: ${install}; ${IN_A_BUNDLE}`);
  }
}

function isMissing(error: unknown, name: string): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return (code === "MODULE_NOT_FOUND" || code === "ERR_MODULE_NOT_FOUND") && reasonOf(error).includes(name);
}

function failedToLoad(name: string, error: unknown): BrokerError {
  return new BrokerError("INTERNAL", `package ${name} could not be loaded: ${reasonOf(error)}`, { cause: error });
}
