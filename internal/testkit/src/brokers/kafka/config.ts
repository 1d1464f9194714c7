import type { Certificates } from "../certificates.ts";
import type { KafkaOptions } from "./server.ts";

/** The addresses at which a server listens, and those that it advertises. */
export interface Listeners {
  /** The addresses for clients and for the controller. */
  readonly client: string;
  readonly controller: string;
  readonly advertised: string;
  /** The addresses of all controllers, in the order of `node.id` from 1, and the `node.id` of this server. */
  readonly quorum: readonly string[];
  readonly node: number;
  readonly folder: string;
  /** Further listeners, which advertise another address. */
  readonly proxied: readonly { readonly client: string; readonly advertised: string }[];
  readonly secure?: Secure;
}

/** The configuration of the secured listeners. */
export interface Secure {
  readonly tls: string;
  readonly sasl: string;
  readonly certificates: Pick<Certificates, "ca">;
  /** A PEM file with the server's key and certificate. */
  readonly identity: string;
  readonly users: Readonly<Record<string, string>>;
}

/** The content of `server.properties` for a single server, or for one of several. */
export function properties(listeners: Listeners, options: KafkaOptions): string {
  const { secure, quorum, proxied } = listeners;
  const replicas = Math.min(3, quorum.length);
  const further = (where: "client" | "advertised"): string =>
    proxied.map((one, index) => `,PROXIED${index}://${one[where]}`).join("");
  const protocols = proxied.map((_, index) => `,PROXIED${index}:PLAINTEXT`).join("");
  const secured = secure === undefined ? "" : `,TLS://${secure.tls},SASL://${secure.sasl}`;
  return `${[
    "process.roles=broker,controller",
    `node.id=${listeners.node}`,
    `listeners=PLAINTEXT://${listeners.client},CONTROLLER://${listeners.controller}${secured}${further("client")}`,
    `advertised.listeners=PLAINTEXT://${listeners.advertised}${secured}${further("advertised")}`,
    "controller.listener.names=CONTROLLER",
    "inter.broker.listener.name=PLAINTEXT",
    `listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,TLS:SSL,SASL:SASL_SSL${protocols}`,
    `controller.quorum.voters=${quorum.map((at, index) => `${index + 1}@${at}`).join()}`,
    `log.dirs=${listeners.folder}`,
    "auto.create.topics.enable=false",
    "num.partitions=3",
    `default.replication.factor=${replicas}`,
    `min.insync.replicas=${Math.min(2, replicas)}`,
    `offsets.topic.replication.factor=${replicas}`,
    "offsets.topic.num.partitions=1",
    "transaction.state.log.replication.factor=1",
    "transaction.state.log.min.isr=1",
    "transaction.state.log.num.partitions=1",
    "share.coordinator.state.topic.replication.factor=1",
    "share.coordinator.state.topic.min.isr=1",
    "group.initial.rebalance.delay.ms=0",
    "group.min.session.timeout.ms=1000",
    // Tests create thousands of small topics: their files are small, and deleted soon.
    "log.segment.delete.delay.ms=1000",
    "log.index.size.max.bytes=65536",
    "log.cleaner.dedupe.buffer.size=2097152",
    ...(secure === undefined ? [] : security(secure)),
    ...(options.config ?? []),
  ].join("\n")}\n`;
}

/** Pairs the ports: one to listen on, one to advertise. */
export function pairs(ports: readonly number[]): readonly { readonly port: number; readonly advertised: number }[] {
  return ports.slice(ports.length / 2).map((advertised, index) => ({ advertised, port: ports[index] ?? 0 }));
}

const LOGIN = "org.apache.kafka.common.security";

function security({ certificates, identity, users }: Secure): readonly string[] {
  const quoted = (text: string): string => `"${text.replaceAll(/[\\"]/g, "\\$&")}"`;
  const known = Object.entries(users).map(([name, password]) => `user_${name}=${quoted(password)}`);
  const jaas = (mechanism: string, module: string): string =>
    `listener.name.sasl.${mechanism}.sasl.jaas.config=${LOGIN}.${module};`;
  return [
    "ssl.keystore.type=PEM",
    `ssl.keystore.location=${identity}`,
    "ssl.truststore.type=PEM",
    `ssl.truststore.location=${certificates.ca}`,
    "ssl.client.auth=requested",
    "sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER",
    jaas("plain", `plain.PlainLoginModule required ${known.join(" ")}`).replaceAll("\\", "\\\\"),
    jaas("scram-sha-256", "scram.ScramLoginModule required"),
    jaas("scram-sha-512", "scram.ScramLoginModule required"),
    jaas("oauthbearer", 'oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="server"'),
    "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users=User:ANONYMOUS;User:ada",
    "allow.everyone.if.no.acl.found=false",
  ];
}
