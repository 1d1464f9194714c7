import type { RedisOptions } from "./server.ts";

/** The server's program. Other programs, such as Valkey's, speak the same protocol. */
export const program: string = process.env.ANYBROKER_TEST_REDIS_PROGRAM ?? "redis-server";

/** The server's arguments. Accepted writes are on its disk within a second, unless the options change that. */
export function serverArguments(address: string, port: number, options: RedisOptions): readonly string[] {
  const own = ["--bind", address, "--port", port, "--save", "", "--appendonly", "yes"];
  return [...own.map(String), ...(options.config ?? [])];
}

/** The arguments for a TLS port. Client certificates are optional. */
export function tlsArguments(port: number, files: Readonly<Record<"ca" | "cert" | "key", string>>): readonly string[] {
  const { ca, cert, key } = files;
  const paths = ["--tls-ca-cert-file", ca, "--tls-cert-file", cert, "--tls-key-file", key];
  return ["--tls-port", String(port), ...paths, "--tls-auth-clients", "optional"];
}
