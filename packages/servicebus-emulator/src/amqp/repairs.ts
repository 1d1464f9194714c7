import type { Connection, Frame, OutgoingDelivery, Receiver, Session, Told } from "./rhea.ts";

/** Marks a transfer of the default format, so that rhea hands over its bytes instead of decoding them. */
export const UNDECODED = 0x7fff_ffff;

const CLOSE = 24;

/** The code of the outcome `accepted`. */
const ACCEPTED = 0x24;

/** The largest frame that the emulator takes, in bytes. */
export const MAX_FRAME_SIZE = 65_536;

/**
 * How many bytes of one message are collected. A message that is only larger than its entity takes is read and refused,
 * because clients expect that; this is as large as any entity takes.
 */
const MAX_COLLECTED = 101 * 1024 ** 2;

// How many fields each performative has, by the code of its descriptor. AMQP 1.0, part 2.7.
const FIELD_COUNTS: Readonly<Record<number, number>> = {
  16: 10,
  17: 8,
  18: 14,
  19: 11,
  20: 11,
  21: 6,
  22: 3,
  23: 1,
  [CLOSE]: 1,
};

/**
 * Makes rhea write each performative with all its fields, because some clients index past the end of a shorter one, and
 * write the frames of one turn of the event loop at once.
 */
export function repairConnection(connection: Connection): void {
  let isQueued = false;
  const flush = (): void => {
    isQueued = false;
    connection.socket.cork();
    connection.output();
    connection.socket.uncork();
  };
  connection._write_frame = (channel = 0, performative, payload) => {
    const code = performative?.constructor.descriptor.numeric ?? 0;
    const count = FIELD_COUNTS[code] ?? 0;
    while (performative !== undefined && performative.value.length < count) performative.value.push(undefined);
    connection.amqp_transport.encode({ channel, type: 0, performative, payload });
    if (code === CLOSE) {
      // rhea removes the error from the performative as soon as this returns.
      flush();
    } else if (!isQueued) {
      isQueued = true;
      process.nextTick(flush);
    }
  };
}

/** What a repaired session says. */
export interface SessionEvents {
  /** A message exceeds what its link takes. */
  tooLarge(receiver: Receiver): void;
  /** The client has set the state of a delivery. */
  outcome(delivery: OutgoingDelivery): void;
}

/**
 * Makes rhea
 *
 * - hand over messages undecoded, and bound their size,
 * - take flows that omit what they may omit, and delivery ids in any order, which several threads of a client produce,
 * - say what became of a delivery before it looks at the next frame, which may be a request that depends on it,
 * - tell the client the outcome of each delivery: it would give the second of two neighbours that of the first.
 */
export function repairSession(session: Session, events: SessionEvents): void {
  const onTransfer = session.on_transfer.bind(session);
  session.on_transfer = (frame) => {
    const { performative } = frame;
    if (!isDefined(performative.message_format) || performative.message_format === 0) {
      performative.message_format = UNDECODED;
    }
    // A client sends on links that are receivers here.
    const receiver = session._get_link(frame) as Receiver;
    if (sizeSoFar(receiver, frame) > MAX_COLLECTED) {
      events.tooLarge(receiver);
      return;
    }
    if (isDefined(performative.delivery_id)) session.incoming.next_delivery_id = performative.delivery_id;
    onTransfer(frame);
  };
  const onFlow = session.on_flow.bind(session);
  session.on_flow = (frame) => {
    // Before it has seen our attach, a client cannot know the delivery count.
    if (isDefined(frame.performative.handle)) {
      frame.performative.delivery_count ??= 0;
      frame.performative.link_credit ??= 0;
    }
    frame.performative.next_incoming_id ??= 0;
    onFlow(frame);
  };
  const onDisposition = session.on_disposition.bind(session);
  session.on_disposition = (frame) => {
    onDisposition(frame);
    const { updated } = session.outgoing;
    session.outgoing.updated = [];
    for (const delivery of updated) {
      if (delivery.remote_state !== undefined) events.outcome(delivery);
      if (delivery.remote_settled) delivery.settled = true;
    }
  };
  const { incoming, outgoing } = session;
  const writeIncoming = incoming.process.bind(incoming);
  incoming.process = () => {
    for (const run of runsOf(incoming.updated)) {
      incoming.updated = run;
      writeIncoming(session);
    }
  };
  const writeOutgoing = outgoing.process.bind(outgoing);
  outgoing.process = () => {
    for (const run of runsOf(outgoing.pending_dispositions)) {
      outgoing.pending_dispositions = run;
      writeOutgoing();
    }
  };
}

/** Accepted deliveries that follow each other, and every other one alone. One empty run if there is nothing. */
function* runsOf(deliveries: readonly Told[]): Iterable<readonly Told[]> {
  let run: Told[] = [];
  for (const delivery of deliveries) {
    const [first] = run;
    if (first !== undefined && !(isAccepted(first) && isAccepted(delivery))) {
      yield run;
      run = [];
    }
    run.push(delivery);
  }
  yield run;
}

function isAccepted({ state }: Told): boolean {
  return state?.descriptor.value === ACCEPTED;
}

function isDefined(value: unknown): boolean {
  return value !== null && value !== undefined;
}

function sizeSoFar(receiver: Receiver, frame: Frame): number {
  let size = frame.payload?.length ?? 0;
  for (const part of receiver._incomplete?.frames ?? []) size += part.length;
  return size;
}
