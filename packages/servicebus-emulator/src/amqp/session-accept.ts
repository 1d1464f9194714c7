import type { Clock } from "../entities/clock.ts";
import { EntityError } from "../entities/errors.ts";
import type { MessageQueue } from "../entities/queue.ts";
import type { Session } from "../entities/session.ts";
import type { ConsumerLink } from "./consumer-link.ts";
import { LinkError } from "./errors.ts";
import { type Attach, type Sender, types } from "./rhea.ts";

const SESSION_FILTER = "com.microsoft:session-filter";
const TIMEOUT = "com.microsoft:timeout";
const LOCKED_UNTIL = "com.microsoft:locked-until-utc";

// How long the service waits for a session if the client does not say so, in ms.
const DEFAULT_TIMEOUT = 65_000;

/** The session that a client asks for; null means any one. undefined if it asks for none. */
export function requestedSession(attach: Attach): string | null | undefined {
  const filter = attach.source?.filter;
  if (filter === undefined || filter === null || !(SESSION_FILTER in filter)) return undefined;
  const value = filter[SESSION_FILTER];
  // The filter is described, unless the client leaves the descriptor out.
  const plain = typeof value === "object" && value !== null && "value" in value ? value.value : value;
  if (plain === null || plain === undefined) return null;
  if (typeof plain !== "string") throw new EntityError("invalid", "A session id is a string.");
  return plain;
}

/** Locks a session, at once or as soon as one has messages, and only then lets the link open. */
export function acceptSession(
  link: Sender,
  consumer: ConsumerLink,
  queue: MessageQueue,
  wanted: string | null,
  clock: Clock,
): void {
  const grant = (session: Session): void => {
    consumer.use(session);
    describeSession(link, session);
  };
  if (wanted !== null) {
    grant(queue.sessions.accept(wanted, consumer));
    return;
  }
  let isHeld = false;
  const timer = clock.timer(() => {
    // Without its source, the client knows that the link will be closed.
    link.local.attach.source = undefined;
    consumer.end(
      new LinkError(
        "com.microsoft:timeout",
        "The operation did not complete within the allotted timeout: no session has messages.",
      ),
    );
  });
  const stopWaiting = queue.sessions.acceptNext(consumer, (session) => {
    grant(session);
    timer.clear();
    if (isHeld) link.open();
  });
  if (consumer.hasSession) return;
  isHeld = true;
  holdOpen(link);
  timer.set(clock.now() + timeoutOf(link.remote.attach));
  consumer.onceClosed(() => {
    stopWaiting();
    timer.clear();
  });
}

function describeSession(link: Sender, session: Session): void {
  const { source } = link.remote.attach;
  link.set_source({ address: source?.address, filter: { [SESSION_FILTER]: session.id } });
  link.local.attach.properties = { [LOCKED_UNTIL]: types.wrap_long(dotNetTicks(session.until)) };
}

/** Undoes that rhea opens a link as soon as the client has asked for it. */
function holdOpen({ state }: Sender): void {
  state.local_open = false;
  state.open_requests--;
}

function timeoutOf({ properties }: Attach): number {
  const timeout = properties?.[TIMEOUT];
  return typeof timeout === "number" ? timeout : DEFAULT_TIMEOUT;
}

/** 100 ns since the year 1, as 8 bytes: too large a number for JavaScript. */
function dotNetTicks(ms: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(ms) * 10_000n + 621_355_968_000_000_000n);
  return bytes;
}
