import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts } from "../../free-ports.ts";
import type { TestBroker } from "../broker.ts";
import { guarded } from "../guarded.ts";
import { launch } from "../on-machine.ts";
import { FULL_KEY, USE_KEY } from "./keys.ts";

/** Starts the emulator in a process of its own, under a guard. */
export async function onMachine(): Promise<TestBroker> {
  const [port = 0] = await freePorts(1);
  const guard = await guarded(tmpdir(), "servicebus");
  const program = join(import.meta.dirname, "serve.ts");
  const server = await launch(guard, {
    label: "The emulator of Azure Service Bus",
    line: [process.execPath, ["--conditions=@anybroker/source", program, String(port)]],
    env: { PATH: process.env.PATH },
    port,
    // It listens when everything else is done.
    probe: () => Promise.resolve("emulator"),
  });
  const urlOf = ({ name, key }: typeof FULL_KEY): string =>
    `servicebus://${name}:${encodeURIComponent(key)}@127.0.0.1:${port}?emulator=true`;
  return {
    url: urlOf(FULL_KEY),
    how: "the emulator of this repository, in a process of its own",
    ...server,
    restricted: () => Promise.resolve(urlOf(USE_KEY)),
  };
}
