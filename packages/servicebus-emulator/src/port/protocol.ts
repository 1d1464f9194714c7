/** What a client speaks on a new connection. */
export type Protocol = "amqp" | "tls" | "http";

/** The type of the record with which TLS begins. */
const TLS_HANDSHAKE = 0x16;

const AMQP = Buffer.from("AMQP");

/** Tells the protocols apart by the first bytes that a client sends; undefined if it is none of them. */
export function protocolOf(bytes: Buffer): Protocol | undefined {
  const [first] = bytes;
  if (first === undefined) return undefined;
  if (first === TLS_HANDSHAKE) return "tls";
  const begin = bytes.subarray(0, AMQP.length);
  if (begin.equals(AMQP.subarray(0, begin.length))) return "amqp";
  // A request begins with its method, in capital letters.
  return first >= 0x41 && first <= 0x5a ? "http" : undefined;
}
