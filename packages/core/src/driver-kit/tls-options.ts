/** The options of TLS, under the names that Node has for them, the same in every adapter. */
export interface TlsOptions {
  /** The certificates to trust instead of the system's, PEM. */
  readonly ca?: string | Buffer;
  /** The client's certificate, PEM. */
  readonly cert?: string | Buffer;
  /** The client's private key, PEM. Not a URL parameter. */
  readonly key?: string | Buffer;
  /** The passphrase of `key`. Not a URL parameter. */
  readonly passphrase?: string;
  /** The name that the server's certificate must have. @default the host's */
  readonly servername?: string;
}

/** The kinds of {@link TlsOptions}, for `readOptions`. */
export const TLS_KINDS = {
  ca: ["string", "Buffer"],
  cert: ["string", "Buffer"],
  key: ["secret", "Buffer"],
  passphrase: ["secret"],
  servername: ["string"],
} as const;

/** Only the options of TLS that are given, as Node's `tls.connect` takes them. */
export function tlsOf({ ca, cert, key, passphrase, servername }: TlsOptions): TlsOptions {
  const given = Object.entries({ ca, cert, key, passphrase, servername }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given);
}
