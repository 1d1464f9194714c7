/** Parts of rhea, on which the SDK stands, that the SDK does not offer. */
export interface RheaConnection {
  create_session(bufferSize?: unknown): RheaSession;
}

interface RheaSession {
  readonly incoming: {
    /** The settlements that are not written yet. */
    updated: readonly Settled[];
    /** Writes them. */
    process(session: RheaSession): void;
  };
}

interface Settled {
  readonly state: { readonly descriptor: { readonly value: unknown } } | undefined;
}

/** The code of the outcome `accepted` in AMQP 1.0. */
const ACCEPTED = 0x24;

/**
 * rhea 3.0.5 writes neighbouring settlements as one. It does not compare the outcomes of the first two, so the second message
 * would get the outcome of the first: a message that is dead-lettered after an ack would be acked, and lost. Here only
 * acks are written together. Sessions that exist already stay as they are.
 */
export function separateOutcomes(connection: RheaConnection): void {
  const createSession = connection.create_session.bind(connection);
  connection.create_session = (bufferSize) => {
    const session = createSession(bufferSize);
    const { incoming } = session;
    const process = incoming.process.bind(incoming);
    incoming.process = () => {
      for (const run of runsOf(incoming.updated)) {
        incoming.updated = run;
        process(session);
      }
    };
    return session;
  };
}

/** Acks that follow each other, and every other settlement alone. One empty run if there is nothing. */
function* runsOf(updated: readonly Settled[]): Iterable<readonly Settled[]> {
  let run: Settled[] = [];
  for (const settled of updated) {
    const [first] = run;
    if (first !== undefined && !(isAck(first) && isAck(settled))) {
      yield run;
      run = [];
    }
    run.push(settled);
  }
  yield run;
}

function isAck({ state }: Settled): boolean {
  return state?.descriptor.value === ACCEPTED;
}
