import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Journal } from "../history/journal.ts";
import type { Order, Reply, Task } from "./task.ts";

/** How long to wait before a process that died is started again, in ms. */
const START_AGAIN = 200;
/** How long a process may take to close, in ms. */
const CLOSE_LIMIT = 60_000;

/** A worker: one process after the other, which consume with the same settings. */
export class SoakWorker {
  readonly name: string;
  readonly #task: Omit<Task, "life">;
  readonly #journal: Journal;
  #lives = 0;
  #child: ChildProcess | undefined;
  #consuming: Promise<void> = Promise.resolve();
  #ended: Promise<void> = Promise.resolve();
  /** Whether the process is meant to run. */
  #wanted = false;
  #begunBefore = 0;
  #begun = 0;

  constructor(name: string, task: Omit<Task, "life">, journal: Journal) {
    this.name = name;
    this.#task = task;
    this.#journal = journal;
  }

  /** The name of the present process. */
  get life(): string {
    return `${this.name}.${this.#lives}`;
  }

  /** The number of handler runs that its processes have begun. */
  get begun(): number {
    return this.#begunBefore + this.#begun;
  }

  /** Starts a process. Resolves when it consumes, or has ended. */
  async start(): Promise<void> {
    this.#wanted = true;
    this.#spawn();
    await this.#consuming;
  }

  /** Resolves when the present process consumes. */
  async consuming(): Promise<void> {
    await this.#consuming;
  }

  /** Kills the process, and waits for its end. */
  async kill(): Promise<void> {
    this.#wanted = false;
    this.#child?.kill("SIGKILL");
    await this.#ended;
  }

  /** Stops the process, or lets it go on. */
  signal(name: "SIGSTOP" | "SIGCONT"): void {
    this.#child?.kill(name);
  }

  /** Tells the process to pause or resume every consumer. */
  order(order: Exclude<Order, "close">): void {
    if (this.#child?.connected === true) this.#child.send(order satisfies Order);
  }

  /** Closes the process gracefully, and waits for its end. */
  async close(): Promise<void> {
    this.#wanted = false;
    const child = this.#child;
    if (child === undefined) return;
    if (child.connected) child.send("close" satisfies Order);
    const inTime = new AbortController();
    const late = sleep(CLOSE_LIMIT, true, { signal: inTime.signal }).catch(() => false);
    if ((await Promise.race([late, this.#ended])) === true) {
      this.#write(false, `it did not close within ${CLOSE_LIMIT} ms`);
      child.kill("SIGKILL");
      await this.#ended;
    }
    inTime.abort();
  }

  #spawn(): void {
    this.#lives += 1;
    const { life } = this;
    const task: Task = { life, ...this.#task };
    const log = openSync(join(task.folder, `${life}.log`), "a");
    const child = fork(join(import.meta.dirname, "worker.ts"), [JSON.stringify(task)], {
      execArgv: ["--conditions=@anybroker/source"],
      env: { ...process.env, NODE_OPTIONS: "" },
      stdio: ["ignore", log, log, "ipc"],
    });
    closeSync(log);
    // A stopped process would not notice that the driver has gone.
    const kill = (): unknown => child.kill("SIGKILL");
    process.once("exit", kill);
    child.once("exit", () => process.off("exit", kill));
    // Orders to a process that has just died.
    child.on("error", () => undefined);
    this.#child = child;
    this.#begunBefore += this.#begun;
    this.#begun = 0;
    this.#ended = this.#watch(child);
    const consuming = new Promise<void>((resolve) => {
      child.on("message", (reply: Reply) => {
        if (reply === "consuming") resolve();
        else this.#begun = reply;
      });
    });
    this.#consuming = Promise.race([consuming, this.#ended]);
  }

  async #watch(child: ChildProcess): Promise<void> {
    const [code, signal] = await once(child, "exit");
    this.#child = undefined;
    // A process that dies while it is wanted was killed by a message: nothing else sends this signal.
    this.#write(code === 0 ? !this.#wanted : signal === "SIGKILL", String(signal ?? code));
    if (this.#wanted) void this.#startAgain();
  }

  async #startAgain(): Promise<void> {
    await sleep(START_AGAIN);
    if (this.#wanted && this.#child === undefined) this.#spawn();
  }

  #write(planned: boolean, how: string): void {
    this.#journal.write({ type: "ended", life: this.life, planned, how });
  }
}
