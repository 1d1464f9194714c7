import { once } from "node:events";
import { connect } from "@anybroker/core";
import { LEASE, type Service, type ServiceEvent, type Settings } from "./service.ts";

/** Messages between main.ts and a service in its own process. */
export type ToService = { readonly settings: Settings } | "stop";
export type FromService = { readonly event: ServiceEvent } | { readonly failure: string };

/** Runs a service as this process. It ends when main.ts asks for it or is gone. */
export async function serve(service: Service): Promise<void> {
  const stop = new AbortController();
  // Ctrl-C reaches every process of the terminal, but main.ts decides what happens.
  for (const name of ["SIGINT", "SIGHUP"]) process.on(name, () => undefined);
  process.once("disconnect", () => stop.abort());
  const [{ settings }] = (await once(process, "message")) as [{ settings: Settings }];
  process.once("message", () => stop.abort());
  try {
    await using broker = await connect(settings.url, {
      connectTimeout: 10_000,
      lease: LEASE,
      signal: stop.signal,
    });
    await service(broker, settings, (event) => void send({ event }), stop.signal);
  } catch (error) {
    if (!stop.signal.aborted) await send({ failure: error instanceof Error ? error.message : String(error) });
  }
  if (process.connected) process.disconnect();
}

/** Resolves when the message is on its way, or main.ts is gone. */
async function send(message: FromService): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (process.connected) process.send?.(message, () => resolve());
  else resolve();
  await promise;
}
