import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { emulatorForTest } from "./harness.ts";

/** Sends and receives a message with these options, in a program of its own: Node reads further authorities at its start. */
async function roundTrip(options: string): Promise<string> {
  const emulator = await emulatorForTest({ checkToken: (token) => (token === "entra" ? ["Manage"] : undefined) });
  const folder = await mkdtemp(join(tmpdir(), "anybroker-ca-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const ca = join(folder, "ca.pem");
  await writeFile(ca, await emulator.certificate());
  const program = `
    import { connect, servicebus } from "@anybroker/servicebus";
    import { quietLogger } from "@anybroker-internal/testkit/quiet-logger";
    const key = "RootManageSharedAccessKey:SAS_KEY_VALUE@";
    const host = "127.0.0.1:${emulator.port}";
    const tokens = (token) => ({ getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3_600_000 }) });
    try {
      const broker = await connect(servicebus(${options}), { connectTimeout: 5_000, logger: quietLogger });
      const queue = broker.queue("orders");
      const { promise, resolve } = Promise.withResolvers();
      await queue.consume(({ body }) => resolve(body));
      await queue.send("arrived");
      console.log(await promise, (await broker.health()).status);
      await broker.close();
    } catch (error) {
      console.log(error.code ?? String(error));
    }
  `;
  const node = ["--conditions=@anybroker/source", "--input-type=module", "-e", program];
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: ca };
  const { stdout } = await promisify(execFile)(process.execPath, node, { cwd: import.meta.dirname, env });
  return stdout.trim();
}

test.each([
  ["TLS", "{ url: 'servicebus://' + key + host }"],
  ["an identity of Entra ID", "{ url: 'servicebus://' + host, credential: tokens('entra') }"],
  ["a WebSocket", "{ url: 'servicebus://' + key + host, webSocket: WebSocket }"],
])("a message goes through %s", async (_, options) => {
  expect(await roundTrip(options)).toBe("arrived up");
});

test("a refused identity is UNAUTHORIZED", async () => {
  expect(await roundTrip("{ url: 'servicebus://' + host, credential: tokens('other') }")).toBe("UNAUTHORIZED");
});
