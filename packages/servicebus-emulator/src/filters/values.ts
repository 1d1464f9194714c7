import { RuleError } from "./errors.ts";
import { parseIsoDuration } from "./iso-duration.ts";

/** A value of .NET's `System.Guid`: what `newid()` returns. */
export interface Guid {
  readonly kind: "guid";
  /** In the form with hyphens, in lower case. */
  readonly value: string;
}

/** A value of .NET's `System.TimeSpan`, to the millisecond. */
export interface TimeSpan {
  readonly kind: "timespan";
  readonly milliseconds: number;
}

/** A value that filters and actions work with. Integers of every width are `bigint`; `number` is a double. */
export type FilterValue = string | boolean | bigint | number | Date | Guid | TimeSpan | null;

/** The types of constants in rules, by their names in XML Schema and in .NET's serialization. */
export const CONSTANT_TYPES = [
  "string",
  "boolean",
  "byte",
  "unsignedByte",
  "short",
  "unsignedShort",
  "int",
  "unsignedInt",
  "long",
  "unsignedLong",
  "float",
  "double",
  "decimal",
  "dateTime",
  "duration",
  "guid",
] as const;

/** The type of a constant. */
export type ConstantType = (typeof CONSTANT_TYPES)[number];

/** A typed value in its XML form, as rules store it: `{ type: "int", text: "7" }`. */
export interface Constant {
  readonly type: ConstantType;
  readonly text: string;
}

/** Constants by name: the parameters of an expression, or the properties of a correlation filter. */
export type Constants = Readonly<Record<string, Constant>>;

const GUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;
const INTEGER = /^[+-]?\d+$/;
// A dateTime of XML Schema. Without a zone it is taken as UTC, as the service does.
const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?$/;

// The smallest and largest value of each integer type.
const RANGES = {
  byte: [-128n, 127n],
  unsignedByte: [0n, 255n],
  short: [-32_768n, 32_767n],
  unsignedShort: [0n, 65_535n],
  int: [-(2n ** 31n), 2n ** 31n - 1n],
  unsignedInt: [0n, 2n ** 32n - 1n],
  long: [-(2n ** 63n), 2n ** 63n - 1n],
  unsignedLong: [0n, 2n ** 64n - 1n],
} as const satisfies Partial<Record<ConstantType, readonly [bigint, bigint]>>;

/** Returns the value of a constant. Throws `RuleError` if the text is no value of the type. */
export function constantValue(constant: Constant): FilterValue {
  const { type, text } = constant;
  const value = parse(type, text);
  if (value === undefined) throw new RuleError(`'${text}' is not a value of the type '${type}'.`);
  return value;
}

function parse(type: ConstantType, text: string): FilterValue | undefined {
  switch (type) {
    case "string":
      return text;
    case "boolean":
      if (text === "true" || text === "1") return true;
      return text === "false" || text === "0" ? false : undefined;
    case "float":
    case "double":
    case "decimal":
      return parseDouble(text);
    case "dateTime":
      return parseDate(text);
    case "duration":
      return parseTimeSpan(text);
    case "guid":
      return GUID.test(text) ? { kind: "guid", value: text.toLowerCase() } : undefined;
    case "byte":
    case "unsignedByte":
    case "short":
    case "unsignedShort":
    case "int":
    case "unsignedInt":
    case "long":
    case "unsignedLong":
      return parseInteger(type, text);
  }
}

function parseInteger(type: keyof typeof RANGES, text: string): bigint | undefined {
  if (!INTEGER.test(text)) return undefined;
  const value = BigInt(text.replace("+", ""));
  const [smallest, largest] = RANGES[type];
  return value < smallest || value > largest ? undefined : value;
}

function parseDouble(text: string): number | undefined {
  if (text === "INF") return Number.POSITIVE_INFINITY;
  if (text === "-INF") return Number.NEGATIVE_INFINITY;
  if (text === "NaN") return Number.NaN;
  const value = text.trim() === "" ? Number.NaN : Number(text);
  return Number.isNaN(value) ? undefined : value;
}

function parseDate(text: string): Date | undefined {
  const zone = DATE_TIME.exec(text);
  if (zone === null) return undefined;
  const value = new Date(zone[2] === undefined ? `${text}Z` : text);
  return Number.isNaN(value.getTime()) ? undefined : value;
}

function parseTimeSpan(text: string): TimeSpan | undefined {
  const milliseconds = parseIsoDuration(text);
  return milliseconds === undefined ? undefined : { kind: "timespan", milliseconds };
}

/** The name of a value's type in error messages: the one of .NET. */
export function typeName(value: FilterValue): string {
  if (value === null) return "null";
  if (value instanceof Date) return "DateTime";
  if (typeof value === "object") return value.kind === "guid" ? "Guid" : "TimeSpan";
  if (typeof value === "bigint") return "long";
  if (typeof value === "number") return "double";
  return typeof value === "boolean" ? "bool" : "string";
}
