import { orAborted } from "@anybroker/core/driver";
import type { ServiceBusSessionReceiver } from "@azure/service-bus";
import { classify, isLockLost } from "../errors.ts";
import type { LinkState } from "../state/link-state.ts";
import { releaseProperties, type ServicebusDelivery } from "../wire.ts";
import type { Reader, ReaderEvents } from "./reader.ts";
import { RECEIVER_OPTIONS } from "./receiver.ts";
import { Session } from "./session.ts";

/** The most sessions that one source holds. */
const MAX_SESSIONS = 16;

/** Receives from a queue or subscription with sessions: some of its keys at a time, each message in the order of its key. */
export class SessionReader implements Reader {
  readonly #link: LinkState;
  readonly #path: string;
  readonly #events: ReaderEvents;
  readonly #max: number;
  readonly #credit: number;
  readonly #sessions = new Set<Session>();
  #accepting: Promise<ServiceBusSessionReceiver> | undefined;
  /** Ends with a pause. */
  #run: AbortController | undefined;
  #stopped = false;

  constructor(link: LinkState, path: string, window: number, events: ReaderEvents) {
    this.#link = link;
    this.#path = path;
    this.#events = events;
    this.#max = Math.min(window, MAX_SESSIONS);
    this.#credit = Math.floor(window / this.#max);
  }

  /** Whether the entity has sessions shows only when the service refuses one, so `start` waits for no session. */
  async start(): Promise<void> {
    if (this.#run !== undefined || this.#stopped) return;
    const run = new AbortController();
    this.#run = run;
    void this.#acceptAll(run.signal);
  }

  /** Gives everything back together with the sessions, in order: otherwise another consumer would begin behind it. */
  async pause(signal: AbortSignal): Promise<void> {
    this.#run?.abort();
    this.#run = undefined;
    await orAborted(Promise.all([...this.#sessions].map((session) => this.#giveUp(session))), signal);
  }

  /** Renews the lock of each session once. */
  async extend(deliveries: readonly ServicebusDelivery[]): Promise<readonly (number | undefined)[]> {
    const sessions = new Set(deliveries.map(({ holder }) => holder.session));
    const renewed = [...this.#sessions].filter((session) => sessions.has(session));
    await Promise.all(
      renewed.map((session) =>
        session.renew().catch((error: unknown) => {
          if (!isLockLost(error)) throw error;
          this.#onSessionLost(session);
        }),
      ),
    );
    return deliveries.map(({ state, holder }) => (state === "held" ? holder.session?.until : undefined));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#run?.abort();
    this.#run = undefined;
    await Promise.allSettled([...this.#sessions].map((session) => session.drain()));
  }

  async close(): Promise<void> {
    await this.stop();
    await Promise.allSettled([...this.#sessions].map((session) => session.close()));
    this.#sessions.clear();
  }

  /** Accepts one session after the other, as long as there is room for more. */
  async #acceptAll(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      while (this.#sessions.size >= this.#max && !signal.aborted) await this.#oneLess(signal);
      if (signal.aborted) return;
      try {
        const receiver = await this.#accept();
        if (!signal.aborted) this.#add(receiver);
        // After a resume, the next run has it.
        else if (this.#run === undefined) void receiver.close().catch(() => {});
      } catch (error) {
        if (signal.aborted) return;
        if (isNoSession(error)) continue;
        void this.stop();
        return this.#events.ended(error);
      }
    }
  }

  /** Waits for the next session with a message, for as long as a request may take. The SDK cannot stop waiting earlier. */
  #accept(): Promise<ServiceBusSessionReceiver> {
    this.#accepting ??= this.#link.connection.client
      .acceptNextSession(this.#path, { ...RECEIVER_OPTIONS })
      .finally(() => {
        this.#accepting = undefined;
      });
    return this.#accepting;
  }

  #oneLess(signal: AbortSignal): Promise<unknown> {
    return orAborted(Promise.race([...this.#sessions].map(({ closed }) => closed)), signal).catch(() => {});
  }

  #add(receiver: ServiceBusSessionReceiver): void {
    const session: Session = new Session(this.#link, receiver, this.#credit, {
      message: (delivery) => this.#events.message(delivery),
      lost: () => this.#onSessionLost(session),
      idle: () => {
        this.#sessions.delete(session);
      },
    });
    // The service has taken a session back, and tells this only when it is used.
    for (const before of this.#sessions) if (before.id === session.id) this.#onSessionLost(before);
    this.#sessions.add(session);
    session.start();
  }

  #onSessionLost(session: Session): void {
    if (!this.#sessions.delete(session)) return;
    this.#events.lost(session.held());
    void session.close().catch(() => {});
  }

  async #giveUp(session: Session): Promise<void> {
    await session.drain();
    const returned = session.held();
    for (const delivery of returned) delivery.state = "returned";
    await Promise.allSettled(
      returned.map(({ holder, native }) => holder.receiver.abandonMessage(native, releaseProperties(native))),
    );
    this.#sessions.delete(session);
    await session.close();
  }
}

/** Whether there is no session with a message that another consumer does not have. */
function isNoSession(error: unknown): boolean {
  const { code } = classify(error);
  return code === "TIMEOUT" || /SessionCannotBeLocked/.test(String((error as { readonly code?: unknown }).code));
}
