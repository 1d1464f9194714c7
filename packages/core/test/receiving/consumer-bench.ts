import { onTestFinished } from "vitest";
import type { ConsumeOptions } from "../../src/api/consuming.ts";
import type { Message } from "../../src/api/message.ts";
import type { SourceEntity } from "../../src/contract/entities.ts";
import type { Delivery } from "../../src/contract/message.ts";
import type { Settlement } from "../../src/contract/settlement.ts";
import type { OpenOptions } from "../../src/contract/source.ts";
import { Connection } from "../../src/link/connection.ts";
import { Declarations } from "../../src/link/declarations.ts";
import type { HeldMessage } from "../../src/receiving/held-message.ts";
import { singlePlan } from "../../src/receiving/plan.ts";
import type { ReadBody } from "../../src/receiving/prepare.ts";
import { Recollections } from "../../src/receiving/recollections.ts";
import { SourceConsumer } from "../../src/receiving/source-consumer.ts";
import { SuspectTurns } from "../../src/receiving/suspect-turns.ts";
import { delivery } from "../deliveries.ts";
import { queue } from "../entities.ts";
import { ServerDouble } from "../link-double.ts";
import { ManualClock, settled } from "../manual-clock.ts";
import { recordedLog } from "../recorded-log.ts";
import { SourceDouble } from "../source-double.ts";

export interface ConsumerBenchOptions extends ConsumeOptions {
  readonly entity?: SourceEntity;
  readonly handle?: (message: Message) => unknown;
  readonly read?: ReadBody;
  /** Another consumer of the same broker object. */
  readonly beside?: ConsumerBench;
  readonly notesExposed?: boolean;
}

/** A consumer on a server that the test plays, on a clock that the test moves. */
export interface ConsumerBench {
  readonly clock: ManualClock;
  readonly server: ServerDouble;
  readonly consumer: SourceConsumer;
  readonly turns: SuspectTurns;
  /** Every source that was opened. */
  readonly sources: readonly SourceDouble[];
  /** The lines of the log. */
  readonly lines: readonly string[];
  /** What `onError` was called with. */
  readonly errors: unknown[];
  /** Delivers a message from the newest source. */
  deliver(id: string, fields?: Partial<Delivery>): Promise<Delivery>;
  /** Reports that a delivery is no longer held. */
  lose(lost: Delivery): void;
  /** Asks for deliveries back. Resolves when none of them is held. */
  giveBack(deliveries: readonly Delivery[]): Promise<void>;
  /** Every settlement that the newest source was asked for. */
  settlements(): readonly Settlement[];
}

export async function consumerBench({
  entity = queue("jobs"),
  handle = () => {},
  read = (body) => body,
  beside,
  notesExposed = false,
  ...options
}: ConsumerBenchOptions = {}): Promise<ConsumerBench> {
  const clock = beside?.clock ?? new ManualClock();
  const turns = beside?.turns ?? new SuspectTurns(clock, notesExposed);
  const server = new ServerDouble();
  const sources: SourceDouble[] = [];
  let lose: (deliveries: readonly Delivery[]) => void = () => {};
  let giveBack: OpenOptions["giveBack"];
  server.open = async (_entity, options, lost) => {
    lose = lost;
    giveBack = options.giveBack;
    const source = new SourceDouble();
    sources.push(source);
    return source;
  };
  const times = { connectTimeout: 1_000, reconnect: { initial: 1, max: 1 } };
  const lines: string[] = [];
  const connection = new Connection(
    server.driver,
    { clock, lease: 1_000, topology: "create" },
    times,
    recordedLog(lines),
  );
  await connection.start(undefined);
  const errors: unknown[] = [];
  const plan = singlePlan(handle, { onError: (error) => errors.push(error), ...options });
  const context = {
    connection,
    declarations: new Declarations(connection),
    propagation: undefined,
    recollections: new Recollections<HeldMessage>(clock),
    turns,
  };
  const consumer = new SourceConsumer(context, entity, read, plan);
  onTestFinished(() => consumer.close({ drainTimeout: 0 }));
  return {
    clock,
    server,
    consumer,
    turns,
    sources,
    lines,
    errors,
    async deliver(id, fields) {
      const delivered = delivery(id, fields);
      sources.at(-1)?.waiting.push(delivered);
      await settled();
      await settled();
      return delivered;
    },
    lose: (lost) => lose([lost]),
    giveBack: async (deliveries) => giveBack?.(deliveries),
    settlements: () => sources.at(-1)?.settled.flat() ?? [],
  };
}
