import { writeFile } from "node:fs/promises";
import { talk, versionAt } from "./version.ts";

const REPLICAS = 2;

/**
 * In ms. A sentinel that a busy machine held up for 2 s does nothing for the next 30 s ("TILT"). After that it never
 * promotes a replica that lost its master ten times this long or longer before the sentinel saw the master down.
 */
const DOWN_AFTER = 5_000;

/** The arguments that make a server a replica of the first one; none for the first one itself. */
export function replicaOf(first: number, port: number): readonly string[] {
  return port === first ? [] : ["--replicaof", `127.0.0.1 ${first}`, "--repl-diskless-sync-delay", "0"];
}

/** Writes the configuration of a sentinel that watches the first server and its replicas. */
export async function writeSentinel(file: string, port: number, first: number): Promise<void> {
  const lines = [
    `port ${port}`,
    "bind 127.0.0.1",
    `sentinel monitor mymaster 127.0.0.1 ${first} 1`,
    `sentinel down-after-milliseconds mymaster ${DOWN_AFTER}`,
    "sentinel failover-timeout mymaster 3000",
  ];
  await writeFile(file, `${lines.join("\n")}\n`, { mode: 0o666 });
}

/** Returns the server's version. Throws until the sentinel on this port could promote any of the replicas. */
export async function watched(port: number, first: number): Promise<string> {
  const found = await talk(`redis://127.0.0.1:${port}`, (client) => client.call("SENTINEL", "REPLICAS", "mymaster"));
  const ready = JSON.stringify(found).split('"master-link-status","ok"').length - 1;
  if (ready !== REPLICAS) throw new Error(`the sentinel knows ${ready} replicas that are ready`);
  return versionAt(`redis://127.0.0.1:${first}`);
}
