import { parseDuration } from "./durations.ts";

/** Thrown when a configuration is not valid. Its message begins with the path of the value. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  /** Where the value is: `UserConfig.Namespaces[0].Queues[2].Name`. */
  readonly path: string;

  constructor(path: string, details: string) {
    super(path === "" ? details : `${path}: ${details}`);
    this.path = path;
  }
}

/** A value of a configuration, and where it is. */
export interface Located {
  readonly value: unknown;
  readonly path: string;
}

/** Reads the fields of an object of a configuration. Each read throws `ConfigError` for a value of the wrong kind. */
export class ObjectReader {
  readonly path: string;
  readonly #fields: ReadonlyMap<string, unknown>;
  readonly #read = new Set<string>();

  constructor({ value, path }: Located) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new ConfigError(path, `An object is expected, and not ${describe(value)}.`);
    }
    this.path = path;
    this.#fields = new Map(Object.entries(value));
  }

  /** The field as it is, or `undefined` without it. */
  get(name: string): Located | undefined {
    this.#read.add(name);
    const value = this.#fields.get(name);
    return value === undefined ? undefined : { value, path: this.pathOf(name) };
  }

  /** A field that has to be there. */
  required(name: string): Located {
    const field = this.get(name);
    if (field === undefined) throw new ConfigError(this.path, `The field ${name} is missing.`);
    return field;
  }

  object(name: string): ObjectReader | undefined {
    const field = this.get(name);
    return field === undefined ? undefined : new ObjectReader(field);
  }

  /** The items of an array; none without the field. */
  array(name: string): readonly Located[] {
    const field = this.get(name);
    if (field === undefined) return [];
    if (!Array.isArray(field.value)) {
      throw new ConfigError(field.path, `An array is expected, and not ${describe(field.value)}.`);
    }
    return field.value.map((value: unknown, index) => ({ value, path: `${field.path}[${index}]` }));
  }

  string(name: string): string | undefined {
    const field = this.get(name);
    return field === undefined ? undefined : stringOf(field);
  }

  requiredString(name: string): string {
    return stringOf(this.required(name));
  }

  boolean(name: string): boolean | undefined {
    const field = this.get(name);
    if (field === undefined) return undefined;
    if (typeof field.value === "boolean") return field.value;
    throw new ConfigError(field.path, `true or false is expected, and not ${describe(field.value)}.`);
  }

  /** A whole number in a range. */
  integer(name: string, smallest: number, largest: number): number | undefined {
    const field = this.get(name);
    if (field === undefined) return undefined;
    const { value, path } = field;
    if (typeof value === "number" && Number.isInteger(value) && value >= smallest && value <= largest) return value;
    throw new ConfigError(
      path,
      `A whole number from ${smallest} to ${largest} is expected, and not ${describe(value)}.`,
    );
  }

  /** A duration of ISO 8601, in ms: more than nothing, and at most `longest`. */
  duration(name: string, longest: number = Number.POSITIVE_INFINITY): number | undefined {
    const field = this.get(name);
    if (field === undefined) return undefined;
    const duration = parseDuration(stringOf(field));
    if (duration === undefined) {
      throw new ConfigError(field.path, `A duration such as PT1M30S is expected, and not ${describe(field.value)}.`);
    }
    if (duration > 0 && duration <= longest) return duration;
    const limit = longest === Number.POSITIVE_INFINITY ? "" : ` and at most ${longest / 1000} seconds`;
    throw new ConfigError(field.path, `The duration has to be more than nothing${limit}.`);
  }

  /** Refuses the fields that nobody has read. */
  end(): void {
    for (const name of this.#fields.keys()) {
      if (!this.#read.has(name)) throw new ConfigError(this.pathOf(name), "The field is not known.");
    }
  }

  pathOf(name: string): string {
    return this.path === "" ? name : `${this.path}.${name}`;
  }
}

function stringOf({ value, path }: Located): string {
  if (typeof value === "string") return value;
  throw new ConfigError(path, `A string is expected, and not ${describe(value)}.`);
}

/** Names a value in a message. */
export function describe(value: unknown): string {
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object" && value !== null) return "an object";
  return JSON.stringify(value) ?? "nothing";
}
