import type {
  Delivery,
  Destination,
  Entity,
  ErrorCode,
  Link,
  LinkContext,
  OutgoingMessage,
  SendFailure,
  Source,
  SourceEntity,
} from "@anybroker/core/driver";
import { live, message as plainMessage } from "@anybroker-internal/testkit/link";
import { classify } from "../src/errors.ts";
import { type ManualClock, type MemoryInstance, type MemoryOptions, manualClock, memory } from "../src/index.ts";

export const LEASE = 30_000;
/** A message with the time of a manual clock that has just begun. */
export const message = (id: string, fields: Partial<OutgoingMessage> = {}): OutgoingMessage =>
  plainMessage(id, { contentType: "text/plain", sentAt: 0, ...fields });

/** A driver of an instance, and a link to it, with a clock that the test moves. */
export interface Testbed {
  readonly clock: ManualClock;
  readonly link: Link<MemoryInstance>;
  /** Opens another link to the same instance. */
  connect(context?: Partial<LinkContext>): Promise<Link<MemoryInstance>>;
  declare(...entities: readonly Entity[]): Promise<void>;
  /** Sends, and returns the failure of each message, if it failed. */
  send(destination: Destination, ...batch: readonly OutgoingMessage[]): Promise<(SendFailure | undefined)[]>;
  open(entity: SourceEntity, lost?: (deliveries: readonly Delivery[]) => void): Promise<Source>;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function testbed(options: MemoryOptions = {}): Promise<Testbed> {
  const clock = manualClock(1_000_000);
  const driver = memory(options);
  const links: Link<MemoryInstance>[] = [];
  const connect = async (context: Partial<LinkContext> = {}): Promise<Link<MemoryInstance>> => {
    const opened = await driver.connect({ clock, lease: LEASE, topology: "create", ...context }, live);
    links.push(opened);
    return opened;
  };
  const link = await connect();
  return {
    clock,
    link,
    connect,
    async declare(...entities) {
      await link.declare(entities, "create", live);
    },
    async send(destination, ...batch) {
      const results = new Array<SendFailure | undefined>(batch.length);
      await link.send(destination, batch, (index, failure) => (results[index] = failure), live);
      return results;
    },
    open: (entity, lost = () => {}) => link.open(entity, { window: 100 }, lost, live),
    async [Symbol.asyncDispose]() {
      for (const open of links) await open.close(live);
    },
  };
}

/** The code of the error with which a call is expected to fail. */
export async function codeOf(failing: Promise<unknown>): Promise<ErrorCode> {
  const error: unknown = await failing.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return classify(error).code;
}
