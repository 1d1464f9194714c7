import { connect } from "@anybroker/core";
import type { Driver } from "@anybroker/core/driver";
import { adapter } from "@anybroker/memory";
import type { Launcher, LaunchOptions, RunningService, ServiceName } from "./launcher.ts";
import { quietLogger } from "./quiet-logger.ts";
import type { Service } from "./service.ts";
import { indexer } from "./services/indexer.ts";
import { notifier } from "./services/notifier.ts";
import { watcher } from "./services/watcher.ts";
import { worker } from "./services/worker.ts";

const services: Readonly<Record<ServiceName, Service>> = { watcher, indexer, notifier, worker };

/** Starts each service in this process, with its own connection to the embedded broker. */
export const launchInOneProcess: Launcher = {
  description: "the broker is embedded, and all services run in this process",

  async start(service: ServiceName, { settings, emit, onFailure, signal }: LaunchOptions): Promise<RunningService> {
    const cuttableDriver = cuttable(adapter.driver({ url: settings.url }));
    const broker = await connect(cuttableDriver.driver, { signal, logger: quietLogger });
    const stop = new AbortController();
    const ready = Promise.withResolvers<void>();
    const work = services[service](
      broker,
      settings,
      (event) => {
        if (event.type === "ready") ready.resolve();
        emit(event);
      },
      stop.signal,
    ).catch((error: unknown) => {
      ready.reject(error);
      if (!stop.signal.aborted) onFailure(`${settings.name} has ended: ${String(error)}`);
    });
    const end = async (): Promise<void> => {
      stop.abort();
      await work;
      await broker.close({ drainTimeout: 0 });
    };
    await ready.promise;
    return {
      stop: end,
      crashText: "loses its connection for good (there is no process to kill)",
      async crash(): Promise<void> {
        await cuttableDriver.cut();
        await end();
      },
    };
  },
};

interface CuttableDriver {
  readonly driver: Driver;
  /** Breaks the connection and prevents another one. */
  cut(): Promise<void>;
}

function cuttable(driver: Driver): CuttableDriver {
  const cut = new AbortController();
  let closeLink: (() => Promise<void>) | undefined;
  return {
    driver: {
      ...driver,
      async connect(context, signal) {
        cut.signal.throwIfAborted();
        const link = await driver.connect(context, signal);
        closeLink = () => link.close(AbortSignal.timeout(1_000));
        return link;
      },
    },
    async cut(): Promise<void> {
      cut.abort();
      await closeLink?.();
    },
  };
}
