import { BrokerError, type Classification, reasonOf } from "../base/errors.ts";
import { codeOf } from "./classifier.ts";

/** An attempt to connect: what the URL asked for, and how the client words what went wrong. */
export interface ConnectAttempt {
  /** The product that the server should be. */
  readonly product: string;
  /** Host and port. */
  readonly address: string;
  readonly tls: boolean;
  /** The schemes of URLs without and with TLS. */
  readonly schemes: readonly [plain: string, tls: string];
  readonly classify: (error: unknown) => Classification;
  /** Matches the client's text if the server spoke another protocol. */
  readonly foreign: RegExp;
  /** Matches the client's text if the server closed the connection. */
  readonly closed: RegExp;
  /** A second thing to check if the server closed the connection, such as "whether it expects a user". */
  readonly check?: string | undefined;
}

const NOT_TRUSTED = /^(DEPTH_ZERO_)?SELF_SIGNED|^UNABLE_TO_(VERIFY|GET_ISSUER)/;
const NO_TLS = /wrong version number|packet length too long/i;
const CUT_OFF = /before secure TLS connection|ECONNRESET/;
const TOO_LATE = /timed? ?out/i;
/** The words of OpenSSL between its numbers and its sources. */
const OPENSSL = /:SSL routines:[^:]*:([^:]+):/;

/**
 * Says in plain words why an attempt to connect failed, where the client's own words do not: another protocol at the
 * port, TLS where there is none or the reverse, a certificate that is not trusted. Any other error is returned as it is.
 * The meaning of the error stays the same.
 */
export function explainConnectFailure(error: unknown, attempt: ConnectAttempt): unknown {
  const text = textOf(error, attempt);
  if (text === undefined || error instanceof BrokerError) return error;
  const { code, retryable } = attempt.classify(error);
  return new BrokerError(code, text, { retryable, cause: error });
}

function textOf(error: unknown, attempt: ConnectAttempt): string | undefined {
  const { product, tls, schemes, foreign, closed, check } = attempt;
  const server = `the server at ${attempt.address}`;
  const reason = reasonOf(error);
  const other = tls
    ? `without TLS the URL begins with ${schemes[0]}://`
    : `with TLS the URL begins with ${schemes[1]}://`;
  if (tls && NO_TLS.test(reason)) return `${server} does not speak TLS: is this the right port? ${upperFirst(other)}`;
  if (foreign.test(reason))
    return `${server} is not ${article(product)} ${product} server: is this the right port? ${upperFirst(other)}`;
  if (NOT_TRUSTED.test(String(codeOf(error)))) {
    return `the certificate of ${server} is not trusted; the option \`ca\` says which authorities are (${reason})`;
  }
  if (CUT_OFF.test(reason) || closed.test(reason)) {
    const port = `whether this is the port of a ${product} server ${tls ? "with" : "without"} TLS (${other})`;
    const checks = [port, check].filter((one) => one !== undefined).join(", and ");
    return `${server} closed the connection; if this happens again, check ${checks} (${reason})`;
  }
  if (tls && TOO_LATE.test(reason)) {
    return `${server} did not answer in time; if it can be reached, it may not speak TLS at this port (${reason})`;
  }
  const words = OPENSSL.exec(reason)?.[1];
  return words === undefined ? undefined : `the TLS handshake with ${server} failed: ${words}`;
}

/** The article before a product's name: "an" before a vowel. */
function article(product: string): string {
  return /^[AEIO]/i.test(product) ? "an" : "a";
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
