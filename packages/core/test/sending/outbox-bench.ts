import type { Receipt } from "../../src/api/sending.ts";
import type { BrokerError } from "../../src/base/errors.ts";
import type { Log } from "../../src/base/log.ts";
import type { TopologyMode } from "../../src/contract/driver.ts";
import type { Destination } from "../../src/contract/entities.ts";
import { Connection } from "../../src/link/connection.ts";
import { Declarations } from "../../src/link/declarations.ts";
import { Outbox } from "../../src/sending/outbox.ts";
import type { SendBuffer } from "../../src/sending/send-window.ts";
import { queue } from "../entities.ts";
import { ServerDouble } from "../link-double.ts";
import { ManualClock } from "../manual-clock.ts";
import { recordedLog } from "../recorded-log.ts";

export interface BenchOptions {
  readonly buffer?: Partial<SendBuffer>;
  readonly topology?: TopologyMode;
  /** The bounds of the wait between two attempts to connect, in milliseconds. @default 1 to 1 */
  readonly reconnect?: { readonly initial: number; readonly max: number };
  readonly log?: Log;
  /** Set up before the link opens. */
  readonly server?: (server: ServerDouble) => void;
}

export interface SendFields {
  readonly key?: string;
  readonly to?: Destination;
  /** In milliseconds. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
  /** In milliseconds since 1970. */
  readonly deliverAt?: number;
  /** Bytes of the body. */
  readonly bytes?: number;
}

/** An outbox whose link leads to a server that the test plays, on a clock that the test moves. */
export interface OutboxBench {
  readonly clock: ManualClock;
  readonly server: ServerDouble;
  readonly connection: Connection;
  readonly outbox: Outbox;
  /** Sends a message. What became of it is in `fates`, by its id, once it is known. */
  send(id: string, fields?: SendFields): Promise<Receipt | BrokerError>;
  readonly fates: Map<string, "accepted" | BrokerError>;
}

export const jobs: Destination = queue("jobs");

export async function outboxBench({
  buffer,
  topology = "create",
  reconnect = { initial: 1, max: 1 },
  log = recordedLog(),
  server: setUp,
}: BenchOptions = {}): Promise<OutboxBench> {
  const clock = new ManualClock();
  const server = new ServerDouble();
  setUp?.(server);
  const times = { connectTimeout: 1_000, reconnect };
  const connection = new Connection(server.driver, { clock, lease: 1_000, topology }, times, log);
  const limits = { messages: 10_000, bytes: 1_000_000_000, ...buffer };
  const outbox = new Outbox(connection, new Declarations(connection), limits);
  await connection.start(undefined);
  const fates = new Map<string, "accepted" | BrokerError>();
  const send = async (id: string, fields: SendFields = {}): Promise<Receipt | BrokerError> => {
    const { key, to = jobs, timeout = 30_000, signal, deliverAt, bytes = 0 } = fields;
    const message = {
      id,
      body: new Uint8Array(bytes),
      contentType: undefined,
      headers: {},
      key,
      type: undefined,
      correlationId: undefined,
      replyTo: undefined,
      sentAt: clock.now(),
      deliverAt,
      priority: undefined,
    };
    try {
      const receipt = await outbox.send(outbox.lane(to), { message, deadline: clock.now() + timeout, signal });
      fates.set(id, "accepted");
      return receipt;
    } catch (error) {
      // The cast is true: an outbox rejects with nothing else.
      fates.set(id, error as BrokerError);
      return error as BrokerError;
    }
  };
  return { clock, server, connection, outbox, send, fates };
}
