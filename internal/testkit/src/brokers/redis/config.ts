import type { RedisOptions } from "../redis.ts";

/** The server's program: another one speaks the same. */
export const program: string = process.env.ANYBROKER_TEST_REDIS_PROGRAM ?? "redis-server";

/** The server's arguments: what it has accepted is on its disk within a second, unless the options say otherwise. */
export function serverArguments(address: string, port: number, options: RedisOptions): readonly string[] {
  const own = ["--bind", address, "--port", port, "--save", "", "--appendonly", "yes"];
  return [...own.map(String), ...(options.config ?? [])];
}

/** The arguments for a TLS port; a client may show a certificate and does not have to. */
export function tlsArguments(port: number, files: Readonly<Record<"ca" | "cert" | "key", string>>): readonly string[] {
  const { ca, cert, key } = files;
  const paths = ["--tls-ca-cert-file", ca, "--tls-cert-file", cert, "--tls-key-file", key];
  return ["--tls-port", String(port), ...paths, "--tls-auth-clients", "optional"];
}
