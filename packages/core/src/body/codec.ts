import { BrokerError, reasonOf } from "../base/errors.ts";

/** Converts message bodies to bytes and back. A handle uses one codec for all its messages. */
export interface Codec<Input = unknown, Output = Input> {
  /** The content type that sent messages get. */
  readonly contentType: string;
  /** Encodes a body. Throws a `TypeError` for a value that it cannot represent. */
  encode(value: Input): Uint8Array;
  /** Decodes a body. Throws if it cannot read the bytes; the message is then dead-lettered unchanged. */
  decode(bytes: Uint8Array, contentType: string | undefined): Output;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * JSON in UTF-8, the default. Sending `undefined`, a function or bytes is a `TypeError`, because they have no JSON
 * form.
 */
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

/** Bytes, unchanged. */
export const bytes: Codec<Uint8Array> = {
  contentType: "application/octet-stream",
  encode(value: Uint8Array): Uint8Array {
    if (!(value instanceof Uint8Array)) throw new TypeError(`a bytes body must be a Uint8Array, not ${typeof value}`);
    // A copy, because the caller may go on writing to its own.
    return Uint8Array.from(value);
  },
  decode(body: Uint8Array): Uint8Array {
    // A copy, so that a retry carries what was sent even if the handler writes to its body.
    return Uint8Array.from(body);
  },
};

/** Decodes a body. Throws `UNDECODABLE` if the codec cannot read it. */
export function decodeBody<Output>(
  codec: Codec<never, Output>,
  body: Uint8Array,
  contentType: string | undefined,
): Output {
  try {
    return codec.decode(body, contentType);
  } catch (error) {
    const message = `a body of ${body.length} bytes cannot be read as ${codec.contentType}`;
    // A parser's message may quote the body, so only the error's name is kept.
    throw new BrokerError("UNDECODABLE", `${message} (${error instanceof Error ? error.name : reasonOf(error)})`);
  }
}
