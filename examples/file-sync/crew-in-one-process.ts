import { connect } from "@anybroker/core";
import type { Driver } from "@anybroker/core/driver";
import { adapter } from "@anybroker/memory";
import type { Assignment, Crew, Member, ServiceName } from "./crew.ts";
import type { Service } from "./service.ts";
import { indexer } from "./services/indexer.ts";
import { notifier } from "./services/notifier.ts";
import { watcher } from "./services/watcher.ts";
import { worker } from "./services/worker.ts";

const services: Readonly<Record<ServiceName, Service>> = { watcher, indexer, notifier, worker };

/** Every service has a connection of its own to the broker inside this process. */
export const inOneProcess: Crew = {
  how: "the broker is embedded, and all services are in this one process",

  async start(service: ServiceName, { settings, tell, broken, signal }: Assignment): Promise<Member> {
    const line = cuttable(adapter.driver({ url: settings.url }));
    const broker = await connect(line.driver, { signal });
    const stop = new AbortController();
    const ready = Promise.withResolvers<void>();
    const work = services[service](
      broker,
      settings,
      (report) => {
        if (report.type === "ready") ready.resolve();
        tell(report);
      },
      stop.signal,
    ).catch((error: unknown) => {
      ready.reject(error);
      if (!stop.signal.aborted) broken(`${settings.name} has ended: ${String(error)}`);
    });
    const end = async (): Promise<void> => {
      stop.abort();
      await work;
      await broker.close({ drainTimeout: 0 });
    };
    await ready.promise;
    return {
      stop: end,
      fate: "loses its connection for good (there is no process to kill: all is in one)",
      async crash(): Promise<void> {
        await line.cut();
        await end();
      },
    };
  },
};

interface Line {
  readonly driver: Driver;
  /** The connection breaks, and never comes back. */
  cut(): Promise<void>;
}

function cuttable(driver: Driver): Line {
  const cut = new AbortController();
  let hangUp: (() => Promise<void>) | undefined;
  return {
    driver: {
      ...driver,
      async connect(context, signal) {
        cut.signal.throwIfAborted();
        const link = await driver.connect(context, signal);
        hangUp = () => link.close(AbortSignal.timeout(1_000));
        return link;
      },
    },
    async cut(): Promise<void> {
      cut.abort();
      await hangUp?.();
    },
  };
}
