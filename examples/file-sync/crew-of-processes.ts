import { type ChildProcess, fork } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Assignment, Crew, Member, ServiceName } from "./crew.ts";
import type { FromService, ToService } from "./serve.ts";

const PATIENCE = 5_000;

/** Each service is a process, as in real life. */
export const processes: Crew = {
  how: "every service is a process of its own",

  async start(service: ServiceName, { settings, tell, broken, signal }: Assignment): Promise<Member> {
    const child = fork(fileURLToPath(new URL(`./services/${service}.ts`, import.meta.url)), {
      execArgv: ["--conditions=@anybroker/source"],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    const ended = new Promise<void>((resolve) => {
      for (const event of ["exit", "error"]) child.once(event, () => resolve());
    });
    const ready = Promise.withResolvers<void>();
    let asked = false;
    const failed = (reason: string): void => {
      ready.reject(new Error(reason));
      if (!asked) broken(reason);
    };
    const stop = async (): Promise<void> => {
      asked = true;
      await end(child, ended);
    };
    child.on("error", (error) => failed(error.message));
    child.on("exit", (code) => failed(`${settings.name} has ended with exit code ${code}`));
    child.on("message", (message: FromService) => {
      if ("broken" in message) return failed(message.broken);
      if (message.report.type === "ready") ready.resolve();
      tell(message.report);
    });
    child.send({ settings } satisfies ToService, () => undefined);
    const giveUp = (): void => void stop();
    signal.addEventListener("abort", giveUp);
    await ready.promise.finally(() => signal.removeEventListener("abort", giveUp));
    return {
      stop,
      fate: `is killed (SIGKILL to process ${child.pid})`,
      async crash(): Promise<void> {
        asked = true;
        child.kill("SIGKILL");
        await ended;
      },
    };
  },
};

async function end(child: ChildProcess, ended: Promise<void>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  if (child.connected) child.send("stop" satisfies ToService, () => undefined);
  const inTime = new AbortController();
  const late = sleep(PATIENCE, undefined, { signal: inTime.signal }).then(
    () => child.kill("SIGKILL"),
    () => undefined,
  );
  await ended;
  inTime.abort();
  await late;
}
