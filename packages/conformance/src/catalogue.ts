/** One thing that messaging systems are tested for. */
export interface CatalogueRow {
  readonly row: number;
  /** The behaviour to show. */
  readonly title: string;
  /** Why no case covers it, or only a part of it. */
  readonly gap?: string | undefined;
}

/** A group of rows. */
export interface CatalogueGroup {
  readonly title: string;
  readonly rows: readonly CatalogueRow[];
}

const row = (number: number, title: string, gap?: string): CatalogueRow =>
  gap === undefined ? { row: number, title } : { row: number, title, gap };

/** The tests of other messaging systems, and some that none of them has. */
export const CATALOGUE: readonly CatalogueGroup[] = [
  {
    title: "Send and receive",
    rows: [
      row(1, "A hundred messages are sent and consumed, with all ids, bodies and metadata"),
      row(2, "Several messages make a round trip, each with an id"),
      row(3, "JSON bodies are unchanged"),
      row(4, "Binary bodies, and text with unusual Unicode"),
      row(5, "Unusual header names and values; those that cannot be sent are refused by the send"),
      row(6, "No headers, and defaults for everything else"),
      row(7, "The sender's id"),
      row(8, "The correlation id and other properties"),
      row(9, "The source of a message"),
      row(10, "Timestamps"),
      row(11, "Large, small and empty bodies; a body that is too large is refused before it is sent"),
      row(12, "Thousands of messages"),
      row(13, "Message counts"),
      row(14, "Copies are isolated"),
      row(15, "Messages of foreign clients"),
      row(16, "Two destinations do not mix"),
      row(17, "Many destinations at once"),
      row(18, "A failed encoding sends nothing"),
      row(19, "Codecs and content types"),
      row(
        20,
        "Subscriptions by message type",
        "typed routing is not offered; there are header filters, and messages have a `type`",
      ),
    ],
  },
  {
    title: "Settling",
    rows: [
      row(21, "A failed message is delivered again until it succeeds"),
      row(22, "A message waits for the one before it"),
      row(23, "Hundreds of failures lose nothing"),
      row(24, "Settling twice is harmless"),
      row(25, "A message is dead-lettered without another try"),
      row(26, "An acked message is gone"),
      row(27, "The messages of a silent consumer go to another one"),
      row(28, "A lease is renewed while the handler runs"),
      row(29, "No other consumer gets the message in the meantime"),
      row(30, "Attempts are counted"),
      row(31, "A handler that throws fails its message; a handler that returns acks it"),
      row(
        32,
        "A choice of ack policies",
        "there is one policy; a handler that wants another calls ack, retry or deadLetter itself (explicit-ack, explicit-retry)",
      ),
      row(33, "A closing consumer releases the messages that it has not begun"),
      row(34, "Transactions of receives and sends", "not offered, because they have no portable meaning"),
      row(35, "A retry reaches only the subscription that failed"),
      row(36, "A failing handler does not block the others"),
      row(37, "The retried copy is the same message"),
      row(38, "The count of attempts survives the consumer and the connection"),
      row(39, "A settlement that comes too late is reported, and the consumer continues"),
      row(
        40,
        "Messages that wait in a consumer are not redelivered to it; a message that crashes consumers is stopped",
      ),
    ],
  },
  {
    title: "Retry, delay, dead letters",
    rows: [
      row(41, "With occasional failures every message still succeeds"),
      row(42, "Attempts and the waits between them"),
      row(43, "Rules by error"),
      row(44, "After the last attempt the message is in the dead letters, once, intact"),
      row(45, "A handler dead-letters a message"),
      row(46, "What a dead letter contains"),
      row(47, "Bodies that cannot be decoded"),
      row(
        48,
        "Dead letters are listed, counted, paged, replayed, removed",
        "editing and searching come with the operations tools",
      ),
      row(49, "Dead letters keep their order"),
      row(50, "An unsupported operation on dead letters is a typed error"),
      row(51, "When a copy cannot be written, the original stays unsettled"),
      row(52, "A replay reaches only the subscription that failed"),
      row(53, "A message that always fails does not loop"),
      row(54, "Delayed messages"),
      row(55, "A delay beyond the backend's limit is refused or chained, never shortened"),
      row(56, "A delayed message survives its sender"),
      row(57, "A delivery time in the past"),
      row(58, "Cancelling and listing delayed messages", "not offered yet"),
      row(59, "Dead-lettering without a dead-letter queue", "does not apply, because there always is one"),
    ],
  },
  {
    title: "Expiry, priority, order, batches",
    rows: [
      row(60, "Expired messages are discarded"),
      row(61, "A long expiry", "entities have no expiry of their own, so there is no precedence to test"),
      row(62, "Priority"),
      row(63, "Order by key with many handlers"),
      row(64, "Keys are handled side by side"),
      row(65, "Several senders keep their order"),
      row(66, "Order with competing consumers, also while they come and go"),
      row(67, "Order after a failure"),
      row(68, "Exactly once", "no backend promises it: messages arrive at least once"),
      row(69, "Duplicate ids", "deduplication is an option of some adapters, and not portable"),
      row(70, "Handlers that see a message twice"),
      row(71, "Batches of sends, with a result for each message"),
      row(72, "Batches of any size"),
      row(73, "A message of a batch that is too large"),
      row(74, "Batches for handlers, with messages settled one by one"),
      row(75, "Batches by count and by time"),
      row(76, "Batches that fill up only in part"),
      row(
        77,
        "Receive sizes that adapt to the load",
        "an optimisation of some drivers; the promise is the window (prefetch-kept)",
      ),
      row(78, "Exactly as many handlers at once as asked for"),
    ],
  },
  {
    title: "Topology and subscriptions",
    rows: [
      row(79, "Competing consumers share the load"),
      row(80, "Every subscription gets every message, and its consumers share them"),
      row(81, "A subscription keeps its position"),
      row(82, "No message is kept without a subscription"),
      row(83, "Old messages for a new subscription"),
      row(84, "Filters"),
      row(85, "Queues bound to topics", "a subscription is what binds a queue to a topic"),
      row(86, "Names, and names that would collide", "prefixes are left to the application"),
      row(87, "Missing entities are created, and existing ones used"),
      row(88, "Nothing is created where that is forbidden"),
      row(89, "A missing entity is NOT_FOUND"),
      row(90, "An entity that differs from its declaration"),
      row(91, "A message that could not be routed is reported"),
      row(92, "One consumer ends, and the others continue"),
      row(93, "A closed consumer gets no messages"),
      row(94, "Pulling one message at a time", "not offered: messages are pushed to consumers"),
      row(95, "Stopping a consumer by its handler's return value", "not offered: `signal` and `close` stop a consumer"),
      row(96, "Programs that only send"),
    ],
  },
  {
    title: "Lifecycle, faults, errors",
    rows: [
      row(97, "Closing at any time, any number of times"),
      row(98, "After close, calls fail with CLOSED"),
      row(99, "Close flushes pending sends"),
      row(100, "Close waits for handlers, up to a limit"),
      row(101, "Every deadline is kept"),
      row(102, "Every wait can be cancelled"),
      row(103, "The message's signal"),
      row(104, "Cancelling one operation does not affect the others"),
      row(105, "Lost connections", "killing and restarting a broker is a fault test"),
      row(106, "Deleted queues"),
      row(107, "Consumers that come and go"),
      row(108, "Connecting fails, hangs or is cancelled"),
      row(109, "Messages survive a restart of the broker", "a fault test, because it needs control of the server"),
      row(110, "Pause and resume"),
      row(111, "A pause releases the messages that have not begun"),
      row(
        112,
        "Settlements and sends share round trips",
        "the bench measures it; every case with many messages shows that the results are right",
      ),
      row(113, "Transient errors are retried, permanent ones wrapped"),
      row(114, "The native client and message"),
      row(115, "Health"),
      row(116, "A resolved subscribe is effective"),
      row(117, "Capabilities are true, and requests beyond them are refused"),
      row(118, "Authentication", "TLS, tokens and certificates are tested by each adapter"),
      row(119, "URLs and options", "the parameters of a URL are tested by each adapter"),
      row(120, "Nothing is left behind", "the bench measures memory over a million messages"),
    ],
  },
  {
    title: "Higher layers",
    rows: [
      row(121, "Request and reply", "comes later"),
      row(122, "Middleware", "not offered"),
      row(123, "Trace context", "spans come with the OpenTelemetry package"),
      row(124, "Events", "metrics come with the OpenTelemetry package"),
      row(125, "Claim check", "not offered"),
      row(126, "Avro", "possible with a custom codec (own-codec)"),
      row(127, "Rate limits", "not offered"),
      row(128, "Outbox", "comes later"),
      row(129, "An embedded broker that behaves like the real ones", "shown by running this suite on memory"),
      row(130, "The suite under stress", "`npm run test:repeat`"),
      row(131, "Two brokers in one program", "a run of the suite has one backend"),
      row(132, "One bad message among many"),
    ],
  },
  {
    title: "Removal",
    rows: [
      row(133, "Entities are deleted with everything of theirs"),
      row(134, "What waits in a queue or subscription is purged"),
    ],
  },
  {
    title: "Publishes without a reader",
    rows: [row(135, "A publish that no subscription gets is told")],
  },
];

/** A defect of another library, and the cases that would catch it here. */
export interface KnownDefect {
  readonly defect: string;
  readonly cases: readonly string[];
}

/** Defects that were found by reading other TypeScript libraries. */
export const KNOWN_DEFECTS: readonly KnownDefect[] = [
  { defect: "A handler throws, and the message is acked", cases: ["throw-retries", "rejection-retries"] },
  {
    defect: "A handler throws, and the message is delivered again at once, forever",
    cases: ["no-hot-loop", "backoff-kept"],
  },
  {
    defect: "Retries are used up, and the message is acked silently",
    cases: ["attempts-used-up", "dead-letter-intact"],
  },
  {
    defect: "The dead letter cannot be written, and the original is settled anyway",
    cases: ["dead-letter-copy-refused"],
  },
  { defect: "The retried copy has lost its headers, properties or id", cases: ["retried-copy-is-the-same"] },
  { defect: "Attempts are counted in the memory of a process", cases: ["attempts-outlive-the-consumer"] },
  { defect: "A body that cannot be decoded throws in the client's callback", cases: ["undecodable-dead-lettered"] },
  {
    defect: "Messages are acked by default before the handler has run",
    cases: ["drain-deadline", "held-message-comes-again"],
  },
  { defect: "A message for one consumer goes to all local handlers", cases: ["point-to-point"] },
  {
    defect: "A send resolves before the broker has confirmed the message",
    cases: ["send-awaits-acceptance", "refused-send-rejects"],
  },
  {
    defect: "Messages that no handler wants stay unacked until the queue stalls",
    cases: ["filter", "expired", "undecodable-dead-lettered"],
  },
  {
    defect: "An option is accepted and then ignored",
    cases: ["without-delayed-send", "without-priority", "unknown-options"],
  },
];
