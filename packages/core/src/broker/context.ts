import type { Propagation } from "../api/connecting.ts";
import type { SourceEntity } from "../contract/entities.ts";
import type { Connection } from "../link/connection.ts";
import type { Declarations } from "../link/declarations.ts";
import type { HeldMessage } from "../receiving/held-message.ts";
import type { ConsumeDefaults } from "../receiving/plan.ts";
import type { Recollections } from "../receiving/recollections.ts";
import type { SourceConsumer } from "../receiving/source-consumer.ts";
import type { SuspectTurns } from "../receiving/suspect-turns.ts";
import type { Outbox } from "../sending/outbox.ts";

/** Shared state of all handles of a broker object. */
export interface BrokerContext {
  readonly connection: Connection;
  readonly declarations: Declarations;
  readonly outbox: Outbox;
  readonly consumers: Set<SourceConsumer>;
  /** Knowledge about messages that this process lost, for each source. */
  readonly recollections: (source: SourceEntity) => Recollections<HeldMessage>;
  readonly turns: SuspectTurns;
  /** Options for all consumers. */
  readonly consumeDefaults: ConsumeDefaults;
  readonly propagation: Propagation | undefined;
  readonly nextId: () => string;
  /** Returns the headers with those of the trace context, if there is one. */
  readonly inject: (headers: Readonly<Record<string, string>>) => Readonly<Record<string, string>>;
}
