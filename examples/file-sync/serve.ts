import { once } from "node:events";
import { connect } from "@anybroker/core";
import type { Report, Service, Settings } from "./service.ts";

/** What main.ts and a service in a process of its own say to each other. */
export type ToService = { readonly settings: Settings } | "stop";
export type FromService = { readonly report: Report } | { readonly broken: string };

/** Runs a service as this process. It ends when main.ts says so, or is gone. */
export async function serve(service: Service): Promise<void> {
  const stop = new AbortController();
  // Ctrl-C reaches every process of the terminal: here main.ts decides what happens.
  for (const name of ["SIGINT", "SIGHUP"]) process.on(name, () => undefined);
  process.once("disconnect", () => stop.abort());
  const [{ settings }] = (await once(process, "message")) as [{ settings: Settings }];
  process.once("message", () => stop.abort());
  try {
    await using broker = await connect(settings.url, {
      connectTimeout: 10_000,
      // Where only its silence tells that a worker has died, somebody else has its file soon.
      lease: 10_000,
      signal: stop.signal,
    });
    await service(broker, settings, (report) => void send({ report }), stop.signal);
  } catch (error) {
    if (!stop.signal.aborted) await send({ broken: error instanceof Error ? error.message : String(error) });
  }
  if (process.connected) process.disconnect();
}

/** Resolves when it is on its way, or nobody is left to be told. */
async function send(message: FromService): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (process.connected) process.send?.(message, () => resolve());
  else resolve();
  await promise;
}
