import type { RedisOptions } from "../redis.ts";
import { talk, versionAt } from "./version.ts";

const SLOTS = 16_384;

/** Arguments of a server that is one of a cluster, and hears the others on a port called `bus`. */
export function nodes({ cluster }: RedisOptions, bus: number): readonly string[] {
  const port = ["--cluster-port", String(bus)];
  return cluster === true ? ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000", ...port] : [];
}

/** Shares the slots out among the servers on these ports, of which the first hears others on `bus`, and returns their version; throws until all of them know it. */
export async function joined(ports: readonly number[], bus: number): Promise<string> {
  const at = (port: number): string => `redis://127.0.0.1:${port}`;
  const [first = 0] = ports;
  for (const [index, port] of ports.entries()) {
    await talk(at(port), async (client) => {
      // To meet somebody twice makes two nodes of it for a while.
      if (!/cluster_known_nodes:1\r/.test(await client.cluster("INFO"))) return;
      const from = Math.floor((index * SLOTS) / ports.length);
      const to = Math.floor(((index + 1) * SLOTS) / ports.length) - 1;
      // Asked again, a server that has its slots refuses.
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
