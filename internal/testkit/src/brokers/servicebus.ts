import type { BrokerModule, TestBroker, Way } from "./broker.ts";
import { onMachine } from "./servicebus/machine.ts";

const url = process.env.ANYBROKER_TEST_SERVICEBUS ?? "";

function atUrl(): TestBroker {
  const refuse = () => Promise.reject(new Error("The namespace was given by URL: it is used as it is."));
  const stop = () => Promise.resolve();
  return {
    url,
    version: "",
    how: "given by ANYBROKER_TEST_SERVICEBUS",
    ours: false,
    kill: refuse,
    pause: refuse,
    resume: refuse,
    restart: refuse,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** Azure Service Bus: a namespace that is given by URL or connection string, else the emulator of this repository. */
export const servicebus: BrokerModule = {
  name: "servicebus",
  label: "Azure Service Bus",
  async find(): Promise<Way> {
    if (process.env.ANYBROKER_TEST_SERVERS === "none") {
      return {
        by: "none",
        reason: "No Azure Service Bus: ANYBROKER_TEST_SERVERS=none forbids all servers.",
        packages: [],
      };
    }
    return url === "" ? { by: "machine", place: { root: "", programs: "" } } : { by: "url", url };
  },
  start: () => (url === "" ? onMachine() : Promise.resolve(atUrl())),
};
