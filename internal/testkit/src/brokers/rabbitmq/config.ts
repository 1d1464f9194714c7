import type { RabbitmqOptions } from "./server.ts";

/** The content of `enabled_plugins` for `tlsConfig`. */
export const tlsPlugins = "[rabbitmq_auth_mechanism_ssl].\n";

/**
 * The lines of `rabbitmq.conf` for a TLS listener. Client certificates are optional. With `EXTERNAL` the common name of
 * the certificate is the user.
 */
export function tlsConfig(listener: string, files: Readonly<Record<"ca" | "cert" | "key", string>>): readonly string[] {
  return [
    `listeners.ssl.default = ${listener}`,
    `ssl_options.cacertfile = ${files.ca}`,
    `ssl_options.certfile = ${files.cert}`,
    `ssl_options.keyfile = ${files.key}`,
    "ssl_options.verify = verify_peer",
    "ssl_options.fail_if_no_peer_cert = false",
    "auth_mechanisms.1 = PLAIN",
    "auth_mechanisms.2 = EXTERNAL",
    "ssl_cert_login_from = common_name",
  ];
}

/** The content of `rabbitmq.conf`. */
export function configFile(listeners: readonly string[], options: RabbitmqOptions): string {
  const own = ["loopback_users = none", "disk_free_limit.absolute = 50MB"];
  return `${[...listeners, ...own, ...(options.config ?? [])].join("\n")}\n`;
}

/** The content of `advanced.config`. */
export function advancedConfigFile({ settings = {} }: RabbitmqOptions): string {
  const terms = Object.entries(settings).map(([name, term]) => `{${name}, ${term}}`);
  return `[{rabbit, [${terms.join(", ")}]}].\n`;
}
