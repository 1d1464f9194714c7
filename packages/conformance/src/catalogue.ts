/** One row of the catalogue of what messaging systems are tested for. */
export interface CatalogueRow {
  readonly row: number;
  /** What is to be shown, in our words. */
  readonly title: string;
  /** Why there is no case for it, or why only for a part of it. */
  readonly waits?: string;
}

/** A group of rows. */
export interface CataloguePart {
  readonly title: string;
  readonly rows: readonly CatalogueRow[];
}

const row = (number: number, title: string, waits?: string): CatalogueRow =>
  waits === undefined ? { row: number, title } : { row: number, title, waits };

/** What the suites of other messaging systems test, and what none of them does. */
export const CATALOGUE: readonly CataloguePart[] = [
  {
    title: "Send and receive",
    rows: [
      row(1, "A hundred messages sent, then consumed: all ids, bodies and metadata"),
      row(2, "Several messages round-trip, each with an id"),
      row(3, "JSON unchanged"),
      row(4, "Bytes that are no text, odd Unicode"),
      row(5, "Odd header names and values; what cannot travel is refused at the send"),
      row(6, "No headers, and defaults of everything else"),
      row(7, "The sender's id"),
      row(8, "Correlation id and other properties"),
      row(9, "Where a message came from"),
      row(10, "Times"),
      row(11, "Large, small and empty bodies; too large is refused before sending"),
      row(12, "Thousands of messages"),
      row(13, "Counts of messages"),
      row(14, "Copies are isolated"),
      row(15, "Messages of plain clients"),
      row(16, "Two destinations do not mix"),
      row(17, "Many destinations at once"),
      row(18, "An encoding that fails sends nothing"),
      row(19, "Codecs and content types"),
      row(
        20,
        "Subscriptions by the type of the message",
        "typed routing is not offered; a header filter is, and a type travels as `type`",
      ),
    ],
  },
  {
    title: "Settling",
    rows: [
      row(21, "What failed comes back until it is done"),
      row(22, "The next message waits for this one"),
      row(23, "Hundreds of failures lose nothing"),
      row(24, "Settling twice is harmless"),
      row(25, "Given up without another try"),
      row(26, "Acked means gone"),
      row(27, "What a silent consumer holds goes to another one"),
      row(28, "A lease is renewed while the handler runs"),
      row(29, "Nobody else gets a message in the meantime"),
      row(30, "Attempts are counted"),
      row(31, "A handler that throws fails its message, one that returns acks it"),
      row(
        32,
        "A choice of ack policies",
        "there is one policy; a handler that wants another calls ack, retry or deadLetter itself (explicit-ack, explicit-retry)",
      ),
      row(33, "A consumer that closes gives back what it has not begun"),
      row(34, "Transactions of receives and sends", "not offered: no portable meaning"),
      row(35, "Only the subscription that failed retries"),
      row(36, "A failing handler does not stop the others"),
      row(37, "The retried copy is the same message"),
      row(38, "Attempts outlive consumer and connection"),
      row(39, "A settlement that comes too late is reported, and the consumer lives on"),
      row(40, "What waits in a consumer is not redelivered to it; a message that kills is bounded"),
    ],
  },
  {
    title: "Retry, delay, dead letters",
    rows: [
      row(41, "Failures now and then: everything succeeds in the end"),
      row(42, "Attempts and their spacing"),
      row(43, "Rules by error"),
      row(44, "Used up: in the dead letters, once, intact"),
      row(45, "Given up by the handler"),
      row(46, "What a dead letter says"),
      row(47, "Bodies nobody can decode"),
      row(
        48,
        "Dead letters are listed, counted, paged, replayed, removed",
        "editing and searching them come with the operations tools",
      ),
      row(49, "Dead letters keep their order"),
      row(50, "What cannot be done with dead letters is a typed error"),
      row(51, "A copy that fails leaves the original unsettled"),
      row(52, "A replay reaches only the subscription that failed"),
      row(53, "A hopeless message does not loop"),
      row(54, "Delayed messages"),
      row(55, "A delay beyond the backend's is refused or chained, never cut"),
      row(56, "A delayed message outlives its sender"),
      row(57, "A due time in the past"),
      row(58, "Cancelling and listing delayed messages", "not offered yet"),
      row(59, "Without a place for dead letters", "does not apply: there is always one"),
    ],
  },
  {
    title: "Expiry, priority, order, batches",
    rows: [
      row(60, "Expired messages are discarded"),
      row(61, "A long expiry", "an entity has no expiry of its own, so there is no precedence"),
      row(62, "Priority"),
      row(63, "Order by key with many handlers"),
      row(64, "Keys go on side by side"),
      row(65, "Several senders keep their order"),
      row(66, "Order with competing consumers, and while they come and go"),
      row(67, "Order after a failure"),
      row(68, "Exactly once", "not promised by any backend: a message arrives at least once"),
      row(69, "Ids that come twice", "deduplication is an adapter's own option, not portable"),
      row(70, "Handlers that see a message twice"),
      row(71, "Batches of sends, with a result for each"),
      row(72, "Batches of any size"),
      row(73, "A message too large in a batch"),
      row(74, "Batches for handlers, settled one by one"),
      row(75, "Batches by count and by time"),
      row(76, "Batches that fill in part"),
      row(
        77,
        "Receive sizes that follow the load",
        "an optimisation of some drivers, not a promise: the window is the promise (prefetch-kept)",
      ),
      row(78, "Exactly so many handlers at once"),
    ],
  },
  {
    title: "Topology and subscriptions",
    rows: [
      row(79, "Competing consumers share the load"),
      row(80, "Every subscription gets everything, members share"),
      row(81, "A subscription keeps its place"),
      row(82, "Nothing is kept for nobody"),
      row(83, "Old messages for a new subscription"),
      row(84, "Filters"),
      row(85, "Queues bound to topics", "a subscription is how a queue is bound to a topic"),
      row(86, "Names, and names that would collide", "prefixes are the application's own"),
      row(87, "Entities are created, and used where they exist"),
      row(88, "Nothing is created where that is forbidden"),
      row(89, "What is missing is NOT_FOUND"),
      row(90, "An entity that is something else"),
      row(91, "A message that could not be placed is reported"),
      row(92, "One consumer ends, the others go on"),
      row(93, "After the end nothing is delivered"),
      row(94, "Taking one message at a time", "not offered: consumers are given messages"),
      row(95, "Stopping by the handler's answer", "not offered: `signal` and `close` stop a consumer"),
      row(96, "Programs that only send"),
    ],
  },
  {
    title: "Lifecycle, faults, errors",
    rows: [
      row(97, "Closing at any time, any number of times"),
      row(98, "After close: CLOSED"),
      row(99, "Close flushes what is to be sent"),
      row(100, "Close waits for handlers, for so long"),
      row(101, "No deadline hangs"),
      row(102, "Every wait can be cancelled"),
      row(103, "The message's signal"),
      row(104, "Cancelling one does not disturb the others"),
      row(105, "Connections that are lost", "a broker that is killed and restarted is a fault test"),
      row(106, "Queues that are deleted"),
      row(107, "Consumers that come and go"),
      row(108, "Connecting fails, hangs, is cancelled"),
      row(109, "Messages outlive a restart of the broker", "a fault test: it needs control of the server"),
      row(110, "Pause and resume"),
      row(111, "A pause gives back what has not begun"),
      row(
        112,
        "Settlements and sends share round trips",
        "measured by the bench; that they are right is shown by every case with many messages",
      ),
      row(113, "Transient errors are retried, permanent ones wrapped"),
      row(114, "The native client and message"),
      row(115, "Health"),
      row(116, "Subscribed means subscribed"),
      row(117, "Capabilities are true, and their lack is refused"),
      row(118, "Ways to log in", "TLS, tokens and certificates are tests of each adapter"),
      row(119, "URLs and options", "the parameters of a URL are tests of each adapter"),
      row(120, "Nothing is left behind", "memory over a million messages is measured by the bench"),
    ],
  },
  {
    title: "Higher layers",
    rows: [
      row(121, "Request and reply", "comes later"),
      row(122, "Middleware", "not offered"),
      row(123, "Trace context", "spans come with the OpenTelemetry package"),
      row(124, "Events for what happens", "metrics come with the OpenTelemetry package"),
      row(125, "Claim check", "not offered"),
      row(126, "Avro", "a codec of one's own (own-codec)"),
      row(127, "Rate limits", "not offered"),
      row(128, "Outbox", "comes later"),
      row(129, "An embedded broker that behaves like the real ones", "that is this suite on memory"),
      row(130, "The suite under stress", "`npm run test:repeat`"),
      row(131, "Two brokers in one program", "comes with the second real backend"),
      row(132, "One bad message among many"),
    ],
  },
];

/** A fault that was found in other libraries, and the cases that would catch it here. */
export interface KnownDefect {
  readonly defect: string;
  readonly cases: readonly string[];
}

/** What reading other TypeScript libraries brought to light. */
export const KNOWN_DEFECTS: readonly KnownDefect[] = [
  { defect: "A handler throws and the message is acked", cases: ["throw-retries", "rejection-retries"] },
  { defect: "A handler throws and the message comes again at once, for ever", cases: ["no-hot-loop", "backoff-kept"] },
  {
    defect: "Retries are used up and the message is acked in silence",
    cases: ["attempts-used-up", "dead-letter-intact"],
  },
  { defect: "The dead letter cannot be written and the original is settled", cases: ["dead-letter-copy-refused"] },
  { defect: "The retried copy has lost headers, properties or id", cases: ["retried-copy-is-the-same"] },
  { defect: "Attempts are counted in the memory of a process", cases: ["attempts-outlive-the-consumer"] },
  { defect: "A body that cannot be decoded throws in the client's callback", cases: ["undecodable-dead-lettered"] },
  { defect: "Acked by default before the handler has run", cases: ["drain-deadline", "held-message-comes-again"] },
  { defect: "A message for one goes to all local handlers", cases: ["point-to-point"] },
  {
    defect: "A send resolves before the broker has confirmed",
    cases: ["send-awaits-acceptance", "refused-send-rejects"],
  },
  {
    defect: "What no handler wants stays unacked until nothing moves",
    cases: ["filter", "expired", "undecodable-dead-lettered"],
  },
  {
    defect: "An option is accepted and ignored",
    cases: ["without-delayed-send", "without-priority", "unknown-options"],
  },
];
