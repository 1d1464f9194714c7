import type { GenericContainer, StartedTestContainer } from "testcontainers";
import { until } from "../until.ts";
import type { TestBroker } from "./broker.ts";
import type { Guarded } from "./guarded.ts";

/** A server to start in a container. Its ports are fixed, so that they stay the same after a restart. */
export interface Contained {
  readonly label: string;
  readonly container: GenericContainer;
  /** Removes the server's folder when this process ends. */
  readonly guard: Guarded;
  /** Talks to the server and returns its version. Throws while the server is not ready. */
  readonly probe: () => Promise<string>;
}

/** Starts the server in a container, which the reaper of testcontainers removes some seconds after this process has ended. */
export async function runInDocker(
  server: Contained,
): Promise<Omit<TestBroker, "url" | "how"> & { readonly container: StartedTestContainer }> {
  const { label, guard, probe } = server;
  const ready = () => until(`${label} is ready`, 90_000, probe);

  await using failed = new AsyncDisposableStack();
  failed.defer(guard.end);
  const container = await server.container.start();
  failed.defer(async () => {
    await container.stop();
  });
  const { getContainerRuntimeClient } = await import("testcontainers");
  const control = (await getContainerRuntimeClient()).container.getById(container.getId());
  const version = await ready();
  const all = failed.move();

  async function kill(): Promise<void> {
    await control.kill();
    await control.wait();
  }
  const stop = () => all.disposeAsync();
  return {
    container,
    version,
    ours: true,
    kill,
    pause: () => control.pause(),
    resume: () => control.unpause(),
    restart: async () => {
      if ((await control.inspect()).State.Running) await kill();
      await control.start();
      await ready();
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
