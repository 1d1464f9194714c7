// A run without servers connects to none, not even to one that the machine has for other purposes.
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, expect, onTestFinished, test } from "vitest";

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, "../../..");
const WITHOUT = { ...process.env, ANYBROKER_TEST_SERVERS: "none", ANYBROKER_TEST_REQUIRE: "", NODE_OPTIONS: "" };

/** The default ports of the brokers' clients. */
const PORTS = [5671, 5672, 6379, 9092, 9093, 26379];
const HOSTS = ["127.0.0.1", "::1"];
const connected: string[] = [];
const taken: string[] = [];

/** Records each connection to the port. Returns a function that ends this. */
async function watch(host: string, port: number): Promise<() => void> {
  const server = createServer((socket) => {
    connected.push(`${host} ${port}`);
    socket.destroy();
  });
  server.listen(port, host);
  await once(server, "listening").catch((error: NodeJS.ErrnoException) => {
    // Nothing can connect to ::1 on a machine without IPv6.
    if (error.code === "EADDRINUSE") taken.push(`${host} ${port}`);
  });
  return () => server.close();
}

beforeAll(async () => {
  const ends = await Promise.all(HOSTS.flatMap((host) => PORTS.map((port) => watch(host, port))));
  return () => {
    for (const end of ends) end();
  };
});

interface Results {
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly title: string;
      readonly status: string;
      readonly duration?: number;
    }[];
  }[];
}

test("the tests of all backends are skipped or need none", { timeout: 300_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "anybroker-no-servers-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const projects = ["kafka", "rabbitmq", "redis", "faults"].flatMap((name) => ["--project", name]);
  const report = join(folder, "report.json");
  const vitest = join(ROOT, "node_modules/vitest/vitest.mjs");
  const args = [vitest, "run", ...projects, "--reporter=json", `--outputFile=${report}`];
  const { stderr } = await run(process.execPath, args, { cwd: ROOT, env: WITHOUT });
  for (const label of ["Kafka", "RabbitMQ", "Redis"]) expect(stderr).toContain(`No ${label}: `);

  const { testResults } = JSON.parse(await readFile(report, "utf8")) as Results;
  const results = testResults.flatMap(({ assertionResults }) => assertionResults);
  const titles = (wanted: string): readonly string[] =>
    results.filter(({ status }) => status === wanted).map(({ title }) => title);
  expect(titles("failed")).toEqual([]);
  expect(titles("skipped")).toContain("a server is there to test against");
  expect(results.filter(({ status, duration = 0 }) => status === "skipped" && duration > 1_000)).toEqual([]);
});

test.for(["kafka", "rabbitmq", "redis"])("the bench of %s says that it has no server", async (backend) => {
  const bench = run(process.execPath, ["--conditions=@anybroker/source", "bench/main.ts", backend], {
    cwd: ROOT,
    env: WITHOUT,
  });
  await expect(bench).rejects.toThrow(/No (Kafka|RabbitMQ|Redis): /);
});

test.for(HOSTS.flatMap((host) => PORTS.map((port) => `${host} ${port}`)))(
  "they do not connect to %s",
  (place, context) => {
    if (taken.includes(place)) {
      // The console of a test that passes is not shown.
      process.stderr.write(`${place} is taken by a server of this machine: connections to it are not seen.\n`);
      context.skip();
    }
    expect(connected).not.toContain(place);
  },
);
