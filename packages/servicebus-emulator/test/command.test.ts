import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { main } from "@anybroker/servicebus-emulator";
import { expect, onTestFinished, test } from "vitest";
import { clientForTest, receiveOne } from "./with-emulator.ts";

const CONFIG = `{
  // As Microsoft's emulator has it.
  "UserConfig": {
    "Namespaces": [{
      "Name": "sbemulatorns",
      "Queues": [{ "Name": "orders", "Properties": { "LockDuration": "PT1M", "MaxDeliveryCount": 3 } }],
      "Topics": []
    }],
    "Logging": { "Type": "File" }
  }
}`;

function collect(): { text: string; write(text: string): void } {
  return {
    text: "",
    write(text) {
      this.text += text;
    },
  };
}

test("the command starts an emulator with the entities of a Config.json, and stops when it is told to", async () => {
  const folder = await mkdtemp(join(tmpdir(), "servicebus-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, "Config.json");
  await writeFile(file, CONFIG);
  const stop = new AbortController();
  const out = collect();
  const running = main(["--port", "0", "--config", file], stop.signal, out, collect());
  await expect.poll(() => out.text).toContain("Endpoint=");
  const client = clientForTest(/Endpoint=\S+/.exec(out.text)?.[0] ?? "");
  await client.createSender("orders").sendMessages({ body: 1 });
  expect((await receiveOne(client.createReceiver("orders"))).body).toBe(1);
  await client.close();
  stop.abort();
  expect(await running).toBe(0);
});

test("the command prints its usage, and names what is wrong", async () => {
  const out = collect();
  expect(await main(["--help"], undefined, out)).toBe(0);
  expect(out.text).toContain("Usage: servicebus-emulator");
  for (const [args, text, code] of [
    [["--port", "soon"], "--port must be a number", 2],
    [["--nonsense"], "--nonsense", 2],
    [["--config", "/nowhere/Config.json"], "/nowhere/Config.json", 1],
  ] as const) {
    const err = collect();
    expect(await main(args, undefined, collect(), err)).toBe(code);
    expect(err.text).toContain(text);
  }
});
