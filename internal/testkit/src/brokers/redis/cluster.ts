import type { RedisOptions } from "./server.ts";
import { talk, versionAt } from "./version.ts";

const SLOTS = 16_384;

/** The arguments of a cluster's server, which the other servers reach on the port `bus`. */
export function nodes({ cluster }: RedisOptions, bus: number): readonly string[] {
  const port = ["--cluster-port", String(bus)];
  return cluster === true ? ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000", ...port] : [];
}

/** Assigns the slots to the servers on these ports and returns their version. Throws until all servers know the slots. `bus` is of the first server. */
export async function joined(ports: readonly number[], bus: number): Promise<string> {
  const at = (port: number): string => `redis://127.0.0.1:${port}`;
  const [first = 0] = ports;
  for (const [index, port] of ports.entries()) {
    await talk(at(port), async (client) => {
      // Meeting a node twice makes two nodes of it for a while.
      if (!/cluster_known_nodes:1\r/.test(await client.cluster("INFO"))) return;
      const from = Math.floor((index * SLOTS) / ports.length);
      const to = Math.floor(((index + 1) * SLOTS) / ports.length) - 1;
      // A server that has its slots already refuses them.
      await client.call("CLUSTER", "ADDSLOTSRANGE", from, to).catch(() => {});
      if (port !== first) await client.call("CLUSTER", "MEET", "127.0.0.1", first, bus);
    });
  }
  for (const port of ports) {
    const info = await talk(at(port), (client) => client.cluster("INFO"));
    if (!/cluster_state:ok/.test(info) || !info.includes(`cluster_known_nodes:${ports.length}\r`)) {
      throw new Error(`the cluster is not complete: ${info}`);
    }
  }
  return versionAt(at(first));
}
