import { setTimeout as sleep } from "node:timers/promises";
import type { TestBroker } from "@anybroker-internal/testkit/brokers/broker";
import type { TcpProxy } from "@anybroker-internal/testkit/proxy";
import type { SoakWorker } from "../worker/soak-worker.ts";
import type { Draw } from "./draw.ts";

/** A fault of something: how often it is drawn, and what it does. It resolves when everything works again. */
export interface Fault<Target> {
  readonly weight: number;
  run(target: Target, draw: Draw, lease: number): Promise<void>;
}

/** Faults by their names. */
export type Faults<Target> = Readonly<Record<string, Fault<Target>>>;

/** How long something stays silent, in ms: sometimes for less than the lease, sometimes for more. */
const silence = (draw: Draw, lease: number): number => draw.between(0.1, 1.7) * lease;

/** Faults of a connection. */
export const linkFaults: Faults<TcpProxy> = {
  cut: { weight: 2, run: async (proxy) => proxy.cut() },
  /** In the middle of its data. */
  "cut-within": { weight: 2, run: (proxy, draw) => proxy.cutAfter(Math.floor(draw.between(0, 5_000))) },
  stall: {
    weight: 2,
    async run(proxy, draw, lease) {
      proxy.stall();
      await sleep(silence(draw, lease));
      proxy.flow();
    },
  },
  "half-open": { weight: 1, run: async (proxy) => proxy.halfOpen() },
  down: {
    weight: 1,
    async run(proxy, draw) {
      await proxy.down();
      await sleep(draw.between(0, 3_000));
      await proxy.up();
    },
  },
};

/** Faults of a process, and what is done to it in every deployment. */
export const processFaults: Faults<SoakWorker> = {
  kill: {
    weight: 3,
    async run(worker, draw) {
      await worker.kill();
      await sleep(draw.between(0, 2_000));
      await worker.start();
    },
  },
  stop: {
    weight: 2,
    async run(worker, draw, lease) {
      worker.signal("SIGSTOP");
      await sleep(silence(draw, lease));
      worker.signal("SIGCONT");
    },
  },
  redeploy: {
    weight: 2,
    async run(worker, draw) {
      await worker.close();
      await sleep(draw.between(0, 1_000));
      await worker.start();
    },
  },
  pause: {
    weight: 1,
    async run(worker, draw) {
      worker.order("pause");
      await sleep(draw.between(0, 1_000));
      worker.order("resume");
    },
  },
};

/** Faults of the server. */
export const serverFaults: Faults<TestBroker> = {
  kill: {
    weight: 1,
    async run(server, draw) {
      await server.kill();
      await sleep(draw.between(0, 4_000));
      await server.restart();
    },
  },
  hang: {
    weight: 1,
    async run(server, draw, lease) {
      await server.pause();
      await sleep(silence(draw, lease));
      await server.resume();
    },
  },
};
