import { type ChildProcess, fork } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Launcher, LaunchOptions, RunningService, ServiceName } from "./launcher.ts";
import type { FromService, ToService } from "./serve.ts";

const PATIENCE = 5_000;

/** Starts each service in its own process, as in real life. */
export const launchProcesses: Launcher = {
  description: "every service is a process",

  async start(service: ServiceName, { settings, emit, onFailure, signal }: LaunchOptions): Promise<RunningService> {
    const child = fork(fileURLToPath(new URL(`./services/${service}.ts`, import.meta.url)), {
      execArgv: ["--conditions=@anybroker/source"],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    const ended = new Promise<void>((resolve) => {
      for (const event of ["exit", "error"]) child.once(event, () => resolve());
    });
    const ready = Promise.withResolvers<void>();
    let stopping = false;
    const failed = (reason: string): void => {
      ready.reject(new Error(reason));
      if (!stopping) onFailure(reason);
    };
    const stop = async (): Promise<void> => {
      stopping = true;
      await end(child, ended);
    };
    child.on("error", (error) => failed(error.message));
    child.on("exit", (code) => failed(`${settings.name} has ended with exit code ${code}`));
    child.on("message", (message: FromService) => {
      if ("failure" in message) return failed(message.failure);
      if (message.event.type === "ready") ready.resolve();
      emit(message.event);
    });
    child.send({ settings } satisfies ToService, () => undefined);
    const abort = (): void => void stop();
    signal.addEventListener("abort", abort);
    await ready.promise.finally(() => signal.removeEventListener("abort", abort));
    return {
      stop,
      crashText: `is killed (SIGKILL to process ${child.pid})`,
      async crash(): Promise<void> {
        stopping = true;
        child.kill("SIGKILL");
        await ended;
      },
    };
  },
};

async function end(child: ChildProcess, ended: Promise<void>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  if (child.connected) child.send("stop" satisfies ToService, () => undefined);
  const endedInTime = new AbortController();
  const late = sleep(PATIENCE, undefined, { signal: endedInTime.signal }).then(
    () => child.kill("SIGKILL"),
    () => undefined,
  );
  await ended;
  endedInTime.abort();
  await late;
}
