// Faults that only the service has: it is busy, takes locks back, detaches links, closes connections, and deletes entities.
import { connect } from "@anybroker/servicebus";
import { type EmulatorFaults, type ServiceBusEmulator, startServiceBusEmulator } from "@anybroker/servicebus-emulator";
import { servicebus } from "@anybroker-internal/testkit/brokers/servicebus";
import { expect } from "vitest";
import { faults } from "./faults.ts";
import type { Scenario } from "./scenario.ts";
import type { ScenarioContext } from "./scenario-context.ts";

let emulator: ServiceBusEmulator | undefined;

/** The emulator in this process, whose faults come on demand. */
async function start() {
  const started = await startServiceBusEmulator();
  emulator = started;
  const refuse = () => Promise.reject(new Error("the emulator runs in this process"));
  return {
    url: `servicebus://RootManageSharedAccessKey:SAS_KEY_VALUE@127.0.0.1:${started.port}?emulator=true`,
    version: "emulator",
    how: "in this process",
    ours: true,
    ...{ kill: refuse, pause: refuse, resume: refuse, restart: refuse },
    stop: () => started.close(),
    [Symbol.asyncDispose]: () => started.close(),
    persist: () => Promise.resolve(),
    remove: (queue: string) => Promise.resolve(started.namespace.delete(queue)),
  };
}

/** Does something to the queue of a scenario. */
type Harm = (faults: EmulatorFaults, queue: string) => void;

const harmTo =
  ({ queue }: ScenarioContext, harm: Harm) =>
  async (): Promise<void> =>
    harm(emulator?.faults ?? expect.unreachable(), queue.name);

/** The same harm again and again, while messages are sent and handled. Ordered ones are sent before. */
function scenario(title: string, harm: Harm, more: Partial<Scenario> = {}): Scenario {
  return {
    title,
    messages: { short: 1_000, full: 50_000 },
    async run(context) {
      await context.open();
      const count = context.full ? 50 : 4;
      const when = Array.from({ length: count }, () => context.random() * 0.9).sort((one, other) => one - other);
      const often = (what: "confirmed" | "handled") => context.at(what, when, harmTo(context, harm));
      if (more.keys !== undefined) {
        await context.send();
        await context.consume({ failing: 100 });
        return often("handled");
      }
      await context.consume({ failing: 10 });
      await Promise.all([context.send(), often("confirmed")]);
    },
    ...more,
  };
}

const SIDE_BY_SIDE = { sparesServer: true } as const;
const ORDERED = { ...SIDE_BY_SIDE, keys: 50, messages: { short: 600, full: 50_000 } } as const;

const scenarios: readonly Scenario[] = [
  scenario("storms in which the server is busy", (server, queue) => server.serverBusy(queue, 50), SIDE_BY_SIDE),
  scenario(
    "the service takes back all locks, in the middle of handlers",
    (server, queue) => server.loseLocks(queue),
    SIDE_BY_SIDE,
  ),
  scenario(
    "the service takes back all sessions, in the middle of handlers",
    (server, queue) => server.loseLocks(queue),
    ORDERED,
  ),
  scenario("the service detaches all links of a queue", (server, queue) => server.detachLinks(queue), SIDE_BY_SIDE),
  scenario("the service detaches all links of an ordered queue", (server, queue) => server.detachLinks(queue), ORDERED),
  scenario("the service closes all connections", (server) => server.closeConnections()),
  scenario("the network ends all connections", (server) => server.cutConnections()),
];

await faults(
  {
    name: "servicebus",
    module: servicebus,
    start,
    connect,
    impatient: (url) => url,
    lease: 2_000,
  },
  scenarios,
);
