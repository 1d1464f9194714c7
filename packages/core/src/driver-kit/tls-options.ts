/** The TLS options. They have Node's names, and are the same in every adapter. */
export interface TlsOptions {
  /** The CA certificates to trust instead of the system's, in PEM format. */
  readonly ca?: string | Buffer | undefined;
  /** The client's certificate, in PEM format. */
  readonly cert?: string | Buffer | undefined;
  /** The client's private key, in PEM format. Not a URL parameter. */
  readonly key?: string | Buffer | undefined;
  /** The passphrase of `key`. Not a URL parameter. */
  readonly passphrase?: string | undefined;
  /** The name that the server's certificate must have. @default the host name */
  readonly servername?: string | undefined;
}

/** The kinds of {@link TlsOptions}, for `readOptions`. */
export const TLS_KINDS = {
  ca: ["string", "Buffer"],
  cert: ["string", "Buffer"],
  key: ["secret", "Buffer"],
  passphrase: ["secret"],
  servername: ["string"],
} as const;

/** Returns the given TLS options without undefined values, as `tls.connect` of Node needs them. */
export function tlsOf({ ca, cert, key, passphrase, servername }: TlsOptions): TlsOptions {
  const given = Object.entries({ ca, cert, key, passphrase, servername }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given);
}
