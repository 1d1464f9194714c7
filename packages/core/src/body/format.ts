import { BrokerError } from "../base/errors.ts";
import { type Codec, decodeBody, json, uncheckedJson } from "./codec.ts";
import { describeIssues, type SchemaResult, type StandardSchema } from "./schema.ts";

/** How a handle encodes, decodes and validates bodies. */
export interface BodyOptions<Input, Output> {
  /**
   * Validates bodies when they are sent and when they are received; any Standard Schema. The handler gets the schema's
   * output.
   */
  readonly schema?: StandardSchema<Input, Output> | undefined;
  /** Converts bodies to bytes and back. @default JSON */
  readonly codec?: Codec<Input, unknown> | undefined;
}

/** Options with a codec and without a schema. What the codec decodes is what the handler gets. */
export interface OwnCodec<Input, Output> {
  /** Converts bodies to bytes and back. */
  readonly codec: Codec<Input, Output>;
  /** None: with a schema, handlers get the schema's output. */
  readonly schema?: undefined;
}

/** Encodes and decodes the bodies of one handle, with validation. */
export interface BodyFormat {
  readonly contentType: string;
  /** Validates and encodes a body. Throws a `TypeError` or `INVALID_BODY`. */
  write(input: unknown): Uint8Array | Promise<Uint8Array>;
  /** Decodes and validates a body. Returns the schema's output. Throws `UNDECODABLE` or `INVALID_BODY`. */
  read(body: Uint8Array, contentType: string | undefined): unknown;
}

/** Creates the format for a handle's codec and schema. Throws a `TypeError` if one of them is not valid. */
export function bodyFormat<Input, Output>(what: string, options: BodyOptions<Input, Output>): BodyFormat {
  // The casts are true: the handle's type pairs its values with its codec and schema. Here they are unknown.
  const codec = (options.codec ?? json) as Codec<unknown, unknown>;
  const schema = options.schema as StandardSchema | undefined;
  checkCodec(what, codec);
  if (schema === undefined) {
    return {
      contentType: codec.contentType,
      write: encoderOf(what, codec),
      read: (body, contentType) => decodeBody(codec, body, contentType),
    };
  }
  if (typeof schema?.["~standard"]?.validate !== "function") {
    throw new TypeError(`${what}: schema must be a Standard Schema, with a "~standard" property`);
  }
  const validate = (value: unknown): SchemaResult<unknown> | Promise<SchemaResult<unknown>> =>
    schema["~standard"].validate(value);
  const encode = encoderOf(what, codec === json ? uncheckedJson : codec);
  return {
    contentType: codec.contentType,
    write(input) {
      const encodeIfValid = (result: SchemaResult<unknown>): Uint8Array => {
        accepted(what, result);
        return encode(input);
      };
      const result = validate(input);
      return result instanceof Promise ? result.then(encodeIfValid) : encodeIfValid(result);
    },
    read(body, contentType) {
      const result = validate(decodeBody(codec, body, contentType));
      return result instanceof Promise ? result.then((late) => accepted(what, late)) : accepted(what, result);
    },
  };
}

/** Returns the codec's `encode`, with the handle's name in its errors. */
function encoderOf(what: string, codec: Codec<unknown, unknown>): (input: unknown) => Uint8Array {
  return (input) => {
    try {
      return codec.encode(input);
    } catch (error) {
      if (error instanceof TypeError) throw new TypeError(`${what}: ${error.message}`, { cause: error });
      throw error;
    }
  };
}

function accepted(what: string, result: SchemaResult<unknown>): unknown {
  if (result.issues === undefined) return result.value;
  throw new BrokerError("INVALID_BODY", `${what}: the schema refuses the body: ${describeIssues(result.issues)}`);
}

function checkCodec(what: string, codec: Codec<unknown, unknown>): void {
  const { contentType, encode, decode } = codec;
  if (typeof contentType === "string" && typeof encode === "function" && typeof decode === "function") return;
  throw new TypeError(`${what}: codec must have a contentType, encode and decode`);
}
