import { BrokerError, reasonOf } from "../base/errors.ts";

/** Turns values into bytes and back. One is used for all messages of a handle. */
export interface Codec<Input = unknown, Output = Input> {
  /** The content type that messages are marked with. */
  readonly contentType: string;
  /** May throw a `TypeError` for a value that it cannot represent. */
  encode(value: Input): Uint8Array;
  /** Throws for bytes that it cannot read: the message then goes to the dead letters as it is. */
  decode(bytes: Uint8Array, contentType: string | undefined): Output;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** JSON in UTF-8; the default. `undefined`, functions and byte arrays have no JSON form: sending one is a `TypeError`. */
export const json: Codec = {
  contentType: "application/json",
  encode(value: unknown): Uint8Array {
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
      throw new TypeError("bytes have no JSON form: use { codec: bytes }");
    }
    const text = JSON.stringify(value);
    if (text === undefined) throw new TypeError(`a body of type ${typeof value} has no JSON form`);
    return Buffer.from(text, "utf8");
  },
  decode(body: Uint8Array): unknown {
    return JSON.parse(utf8.decode(body));
  },
};

/** Text in UTF-8. */
export const text: Codec<string> = {
  contentType: "text/plain; charset=utf-8",
  encode(value: string): Uint8Array {
    if (typeof value !== "string") throw new TypeError(`a text body must be a string, not ${typeof value}`);
    if (!value.isWellFormed()) throw new TypeError("a text body must be well-formed: this one has a lone surrogate");
    return Buffer.from(value, "utf8");
  },
  decode(body: Uint8Array): string {
    return utf8.decode(body);
  },
};

/** Bytes as they are. */
export const bytes: Codec<Uint8Array> = {
  contentType: "application/octet-stream",
  encode(value: Uint8Array): Uint8Array {
    if (!(value instanceof Uint8Array)) throw new TypeError(`a bytes body must be a Uint8Array, not ${typeof value}`);
    // A copy: the caller may go on writing into its own.
    return Uint8Array.from(value);
  },
  decode(body: Uint8Array): Uint8Array {
    // A copy here too: should the handler write into it, a retry still carries what was sent.
    return Uint8Array.from(body);
  },
};

/** The body's value, or `UNDECODABLE`. */
export function decodeBody<Output>(
  codec: Codec<never, Output>,
  body: Uint8Array,
  contentType: string | undefined,
): Output {
  try {
    return codec.decode(body, contentType);
  } catch (error) {
    const message = `a body of ${body.length} bytes cannot be read as ${codec.contentType}`;
    // A parser's message may quote the body, so only its kind is kept.
    throw new BrokerError("UNDECODABLE", `${message} (${error instanceof Error ? error.name : reasonOf(error)})`);
  }
}
