// The programs of examples/orders as processes, and clients that place orders.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";

const folder = join(import.meta.dirname, "../examples/orders");
const node = ["--conditions=@anybroker/source"];

/** Services of the order system in a process of their own. */
export interface Program {
  /** Ends the process as a crash would. */
  kill(): Promise<void>;
  /** Asks the process to end, and waits until it has. Rejects unless its exit code is 0. */
  stop(): Promise<void>;
}

/** Starts services as one process. Resolves when they work. */
export async function startProgram(services: readonly string[], env: NodeJS.ProcessEnv): Promise<Program> {
  const child = spawn(process.execPath, [...node, join(folder, "main.ts"), ...services], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = once(child, "exit");
  const errors = text(child.stderr);
  const failed = async (): Promise<never> => {
    const [code, signal] = await exited;
    throw new Error(`${services.join()} ended (${signal ?? code}):\n${(await errors).slice(-4_000)}`);
  };
  const ready = new Promise<void>((resolve) => {
    child.stdout.on("data", (line: Buffer) => {
      if (line.includes("ready:")) resolve();
    });
  });
  await Promise.race([ready, failed()]);
  return {
    async kill() {
      child.kill("SIGKILL");
      await exited;
    },
    async stop() {
      child.kill("SIGTERM");
      const [code] = await exited;
      if (code !== 0) await failed();
    },
  };
}

/** Runs the admin script. Returns the lines that it prints. */
export async function admin(url: string, ...args: readonly string[]): Promise<readonly string[]> {
  const env = { ...process.env, BROKER_URL: url };
  const { stdout } = await promisify(execFile)(process.execPath, [...node, join(folder, "admin.ts"), ...args], { env });
  return stdout.split("\n").filter((line) => line !== "");
}

const TOTAL = 66;

/** An order that a client places. Its id is the key of its request. */
export interface Placed {
  readonly id: string;
  readonly article: string;
  /** How often the client asks at the same time, as with a double click. */
  readonly clicks: number;
}

/** The orders: one of them is poison, some fail twice, and some are placed twice at the same time. */
export const placed: readonly Placed[] = Array.from({ length: TOTAL }, (_, number) => ({
  id: `order-${number}`,
  article: number === 4 ? "unicorn" : number % 10 === 3 ? "vase" : "lamp",
  clicks: number % 10 === 7 ? 2 : 1,
}));

export const poison: readonly string[] = placed.filter(({ article }) => article === "unicorn").map(({ id }) => id);

/** Clients of the API. They place orders in turn, a few at once, each until it is accepted. */
export class Clients {
  /** How many orders the API has accepted, and how many requests it has answered with 503. */
  accepted = 0;
  refused = 0;
  readonly #url: string;
  #next = 0;

  constructor(port: number) {
    this.#url = `http://localhost:${port}/orders`;
  }

  /** Places all orders up to the number `end`. */
  async placeUpTo(end: number): Promise<void> {
    const loop = async (): Promise<void> => {
      for (let order = this.#take(end); order !== undefined; order = this.#take(end)) await this.#place(order);
    };
    await Promise.all([1, 2, 3, 4].map(loop));
  }

  #take(end: number): Placed | undefined {
    return this.#next < end ? placed[this.#next++] : undefined;
  }

  async #place(order: Placed): Promise<void> {
    await Promise.all(Array.from({ length: order.clicks }, () => this.#click(order)));
    this.accepted += 1;
  }

  async #click({ id, article }: Placed): Promise<void> {
    const body = JSON.stringify({ article, quantity: 1 });
    for (;;) {
      const { status } = await fetch(this.#url, { method: "POST", body, headers: { "idempotency-key": id } });
      if (status === 202) return;
      if (status !== 503) throw new Error(`the API answered ${status}`);
      this.refused += 1;
    }
  }
}

export const TABLES = ["reservations", "invoices", "mails"] as const;

/** How many rows a table has for each order. */
export function rows(store: DatabaseSync, table: (typeof TABLES)[number]): Readonly<Record<string, unknown>> {
  const counted = store.prepare(`SELECT order_id, count(*) AS count FROM ${table} GROUP BY order_id`).all();
  return Object.fromEntries(counted.map(({ order_id, count }) => [order_id, count]));
}
