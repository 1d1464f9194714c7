import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** The default version. */
const VERSION = "4.3.1";

/** A version of Kafka and the folder of its jars. */
export interface Jars {
  readonly version: string;
  readonly folder: string;
}

const version = process.env.ANYBROKER_TEST_KAFKA_VERSION || VERSION;
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "anybroker");
const folder = join(cache, `kafka-${version}`);

/** Whether the jars were fetched before. */
export const areCached = (): boolean => existsSync(folder);

/** Fetches Kafka from Maven's repository once, and keeps it. */
export async function jars(): Promise<Jars> {
  if (areCached()) return { version, folder };
  console.log(`Fetching Kafka ${version} with Maven.`);
  // Only a complete folder gets the name.
  const part = join(cache, `kafka-${version}-${randomUUID()}`);
  await mkdir(part, { recursive: true });
  try {
    const goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", `-DoutputDirectory=${part}`];
    const pom = join(import.meta.dirname, "pom.xml");
    await promisify(execFile)("mvn", ["-q", "-B", "-f", pom, `-Dkafka.version=${version}`, ...goal]);
    await rename(part, folder);
  } catch (error) {
    await rm(part, { recursive: true, force: true });
    if (!areCached()) throw error;
  }
  return { version, folder };
}
