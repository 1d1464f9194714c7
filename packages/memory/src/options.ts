import {
  type AdapterConfig,
  BrokerError,
  formatAddress,
  type NamingOptions,
  type ParameterTypes,
  parseUrl,
} from "@anybroker/core/driver";

/** Options of {@link memory}, and those of a `memory:` URL except for `name` (which is its host) and `naming`. */
export interface MemoryOptions {
  /** Instances of one name are one instance in the whole process. @default an instance of this driver alone */
  readonly name?: string;
  /** The most messages the instance holds (1 or more); beyond it sends fail with `BACKPRESSURE`. @default 100,000 */
  readonly maxMessages?: number;
  /** The most bytes of bodies and headers the instance holds (1 or more). @default 268,435,456 (256 MiB) */
  readonly maxBytes?: number;
  /** Other names for queues, topics and subscriptions. */
  readonly naming?: NamingOptions;
}

const PARAMETERS: ParameterTypes = { maxMessages: "number", maxBytes: "number" };
const KNOWN = ["name", "maxMessages", "maxBytes", "naming"];

/** Throws `INVALID_CONFIG` for an unknown option or a wrong value. */
export function checkOptions(options: Readonly<Record<string, unknown>>): MemoryOptions {
  const unknown = Object.keys(options).find((option) => !KNOWN.includes(option));
  if (unknown !== undefined) throw invalid(`unknown option ${unknown}; known ones: ${KNOWN.join(", ")}`);
  const { name, maxMessages, maxBytes, naming } = options;
  if (name !== undefined && (typeof name !== "string" || name === "")) throw invalid("name must be a text, not empty");
  if (naming !== undefined && (typeof naming !== "object" || naming === null))
    throw invalid("naming must be an object");
  return {
    ...(name === undefined ? {} : { name }),
    ...(maxMessages === undefined ? {} : { maxMessages: atLeastOne("maxMessages", maxMessages) }),
    ...(maxBytes === undefined ? {} : { maxBytes: atLeastOne("maxBytes", maxBytes) }),
    // Every member of NamingOptions is optional, and names that are not texts are never found.
    ...(naming === undefined ? {} : { naming: naming as NamingOptions }),
  };
}

/** Options from a URL `memory:name?option=value` and options beside it. */
export function optionsFromUrl({ url, ...options }: AdapterConfig): MemoryOptions {
  const { scheme, username, hosts, path, parameters } = parseUrl(url, PARAMETERS);
  const [host] = hosts;
  if (username !== undefined || hosts.length > 1 || host?.port !== undefined || (path ?? "") !== "") {
    throw invalid(`${formatAddress({ scheme, hosts, path })} does not have the form memory:name?option=value`);
  }
  const named = host === undefined ? {} : { name: host.host };
  const given = { ...named, ...parameters };
  const twice = Object.keys(given).find((option) => options[option] !== undefined);
  if (twice !== undefined) throw invalid(`the option ${twice} is given in the URL and beside it`);
  return checkOptions({ ...options, ...given });
}

function atLeastOne(option: string, value: unknown): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= 1) return value;
  throw invalid(`${option} must be a whole number of at least 1, not ${JSON.stringify(value)}`);
}

function invalid(message: string): BrokerError {
  return new BrokerError("INVALID_CONFIG", `memory: ${message}`);
}
