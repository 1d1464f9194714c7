import { setTimeout as sleep } from "node:timers/promises";
import type { TestBroker } from "@anybroker-internal/testkit/brokers/broker";
import type { TcpProxy } from "@anybroker-internal/testkit/proxy";
import { randomFrom } from "@anybroker-internal/testkit/random";
import type { Journal } from "../history/journal.ts";
import { patiently } from "../patience.ts";
import type { SoakWorker } from "../worker/soak-worker.ts";
import { type Draw, drawFrom } from "./draw.ts";
import { type Faults, linkFaults, processFaults, serverFaults } from "./faults.ts";

/** Everything that can be harmed. */
export interface Victims {
  /** Undefined if the server is spared. */
  readonly server: TestBroker | undefined;
  readonly workers: readonly { readonly worker: SoakWorker; readonly proxy: TcpProxy }[];
  /** The connection of the driver, which sends. */
  readonly sender: TcpProxy;
}

/** How the harm is done. */
export interface HarmOptions {
  readonly seed: number;
  readonly lease: number;
  /** A factor for all pauses between faults. */
  readonly calmness: number;
  /** Whether connections become half-open too. */
  readonly halfOpen: boolean;
}

interface Pause {
  readonly least: number;
  readonly most: number;
}

const BETWEEN_WORKER_FAULTS: Pause = { least: 4_000, most: 16_000 };
const BETWEEN_SENDER_FAULTS: Pause = { least: 8_000, most: 30_000 };
const BETWEEN_SERVER_FAULTS: Pause = { least: 15_000, most: 50_000 };

/**
 * Does random harm to all victims, side by side, one fault at a time for each. When the signal aborts it lets the present
 * faults end, and resolves when everything works again.
 */
export async function harm(
  victims: Victims,
  options: HarmOptions,
  journal: Journal,
  signal: AbortSignal,
): Promise<void> {
  const { seed, lease, calmness, halfOpen } = options;
  const { "half-open": _, ...noticed } = linkFaults;
  const ofLinks = halfOpen ? linkFaults : noticed;
  let count = 0;

  async function repeat(own: number, { least, most }: Pause, once: (draw: Draw) => Promise<void>): Promise<void> {
    const draw = drawFrom(randomFrom(seed * 100 + own));
    for (;;) {
      await sleep(draw.between(least, most) * calmness, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      await once(draw);
    }
  }

  async function perform<Target>(
    faults: Faults<Target>,
    target: Target,
    draw: Draw,
    about: { readonly target: string; readonly life?: string },
  ): Promise<void> {
    const kind = draw.oneOf(weightsOf(faults));
    const fault = { type: "fault", fault: ++count, kind, ...about } as const;
    journal.write({ ...fault, phase: "begin" });
    await patiently(`${kind} of ${about.target}`, journal, faults[kind]?.run(target, draw, lease) ?? Promise.resolve());
    journal.write({ ...fault, phase: "over" });
  }

  const { server, workers, sender } = victims;
  const harmWorker = (worker: SoakWorker, proxy: TcpProxy) => (draw: Draw) => {
    const { name, life } = worker;
    return draw.between(0, 1) < 0.5
      ? perform(processFaults, worker, draw, { target: name, life })
      : perform(ofLinks, proxy, draw, { target: name });
  };
  const harmServer = (draw: Draw): Promise<void> =>
    server === undefined ? Promise.resolve() : perform(serverFaults, server, draw, { target: "server" });
  await Promise.all([
    repeat(0, BETWEEN_SERVER_FAULTS, harmServer),
    repeat(1, BETWEEN_SENDER_FAULTS, (draw) => perform(ofLinks, sender, draw, { target: "driver" })),
    ...workers.map(({ worker, proxy }, index) => repeat(2 + index, BETWEEN_WORKER_FAULTS, harmWorker(worker, proxy))),
  ]);
}

function weightsOf(faults: Faults<never>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(faults).map(([name, { weight }]) => [name, weight]));
}
