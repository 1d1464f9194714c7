import {
  type AdapterConfig,
  type BrokerError,
  checkNaming,
  checkOptionNames,
  invalidConfig,
  type NamingOptions,
  type ParameterTypes,
  parseUrl,
} from "@anybroker/core/driver";

/** The options of `memory`. All but `name` (which is the host) and `naming` are parameters of a `memory:` URL too. */
export interface MemoryOptions {
  /** Drivers with the same name in one process share one instance. @default an instance of this driver alone */
  readonly name?: string | undefined;
  /** The most messages that the instance holds, from 1 on. Beyond that, sends fail with `BACKPRESSURE`. @default 100,000 */
  readonly maxMessages?: number | undefined;
  /** The most bytes of bodies and headers that the instance holds, from 1 on. @default 268,435,456 (256 MiB) */
  readonly maxBytes?: number | undefined;
  /** Other names for queues, topics and subscriptions. */
  readonly naming?: NamingOptions | undefined;
}

const PARAMETERS: ParameterTypes = { maxMessages: "number", maxBytes: "number" };
const KNOWN = ["name", "maxMessages", "maxBytes", "naming"];

/** Checks options. Throws `INVALID_CONFIG` for an unknown option or a wrong value. */
export function checkOptions(options: object): MemoryOptions {
  checkOptionNames("the options of memory", options, KNOWN);
  const { name, maxMessages, maxBytes, naming }: Readonly<Record<string, unknown>> = { ...options };
  if (name !== undefined && (typeof name !== "string" || name === "")) {
    throw invalid("name must be a string that is not empty");
  }
  return {
    name,
    maxMessages: atLeastOne("maxMessages", maxMessages),
    maxBytes: atLeastOne("maxBytes", maxBytes),
    naming: naming === undefined ? undefined : checkNaming(naming),
  };
}

/** The options of a URL `memory:name?option=value` and those beside it. */
export function optionsFromUrl({ url, ...options }: AdapterConfig): MemoryOptions {
  const { username, hosts, path, parameters } = parseUrl(url, PARAMETERS);
  const [host] = hosts;
  if (username !== undefined || hosts.length > 1 || host?.port !== undefined || (path ?? "") !== "") {
    throw invalid("the URL does not have the form memory:name?option=value");
  }
  const fromUrl = host === undefined ? parameters : { name: host.host, ...parameters };
  const twice = Object.keys(fromUrl).find((option) => options[option] !== undefined);
  if (twice !== undefined) throw invalid(`the option ${twice} is given both in the URL and beside it`);
  return checkOptions({ ...options, ...fromUrl });
}

function atLeastOne(option: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "number" && Number.isInteger(value) && value >= 1) return value;
  throw invalid(`${option} must be an integer of at least 1, not ${JSON.stringify(value)}`);
}

function invalid(message: string): BrokerError {
  return invalidConfig(`memory: ${message}`);
}
