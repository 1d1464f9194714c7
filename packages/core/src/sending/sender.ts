import { sendTracing } from "../api/diagnostics.ts";
import type { BatchResult, Receipt, SendOptions } from "../api/sending.ts";
import { show } from "../base/check.ts";
import { BrokerError, reasonOf } from "../base/errors.ts";
import type { Outbox } from "./outbox.ts";
import { checkSize, type Prepared, prepareSend, type SendContext } from "./prepare-send.ts";
import type { SendLane } from "./send-lane.ts";

/** How many messages of a `sendBatch` are in the outbox at once. */
const BATCH_IN_FLIGHT = 2_000;

/** Checks and encodes messages for one destination, and passes them to the outbox in the order of the calls. */
export class Sender {
  readonly #context: SendContext;
  readonly #outbox: Outbox;
  readonly #lane: SendLane;
  /** A pending asynchronous validation. Later sends wait for it, to keep the order of the calls. */
  #validating: Promise<unknown> | undefined;

  constructor(context: SendContext, outbox: Outbox) {
    this.#context = context;
    this.#outbox = outbox;
    this.#lane = outbox.lane(context.destination);
  }

  /** Sends a message. Resolves when the broker has it. */
  send(body: unknown, options: SendOptions | undefined): Promise<Receipt> {
    try {
      const prepared = prepareSend(this.#context, options);
      const encoded = this.#context.format.write(body);
      if (!(encoded instanceof Promise) && this.#validating === undefined) return this.#enqueue(prepared, encoded);
      return this.#sendInTurn(prepared, encoded);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Sends many messages, a limited number at a time. Returns a result for each. */
  async sendBatch(messages: readonly (SendOptions & { readonly body: unknown })[]): Promise<readonly BatchResult[]> {
    if (!Array.isArray(messages)) throw new TypeError("sendBatch takes an array of messages");
    const prepared = messages.map((message, index) => {
      if (typeof message !== "object" || message === null || !("body" in message)) {
        const given = Object(message) === message ? `${show(message)} without one` : show(message);
        throw new TypeError(`message ${index} of the batch must be an object with a body, not ${given}`);
      }
      return { body: message.body, prepared: prepareSend(this.#context, optionsOf(message)) };
    });
    const results: BatchResult[] = [];
    while (results.length < messages.length) {
      const some = prepared.slice(results.length, results.length + BATCH_IN_FLIGHT);
      results.push(...(await Promise.all(some.map((one) => this.#sendOne(one.prepared, one.body)))));
    }
    return results;
  }

  async #sendOne(prepared: Prepared, body: unknown): Promise<BatchResult> {
    const { id } = prepared.message;
    try {
      await this.#sendInTurn(prepared, this.#context.format.write(body));
      return { id, error: undefined };
    } catch (error) {
      if (error instanceof BrokerError) return { id, error };
      // A value that the codec cannot encode fails this message only, not the batch.
      return { id, error: new BrokerError("INVALID_BODY", reasonOf(error), { cause: error }) };
    }
  }

  #sendInTurn(prepared: Prepared, encoded: Uint8Array | Promise<Uint8Array>): Promise<Receipt> {
    if (!(encoded instanceof Promise) && this.#validating === undefined) return this.#enqueue(prepared, encoded);
    const before = this.#validating;
    const turn = (async () => {
      const body = await encoded;
      await before;
      return body;
    })();
    const validating = Promise.allSettled([turn]);
    this.#validating = validating;
    void validating.then(() => {
      if (this.#validating === validating) this.#validating = undefined;
    });
    return turn.then((body) => this.#enqueue(prepared, body));
  }

  #enqueue(prepared: Prepared, body: Uint8Array): Promise<Receipt> {
    checkSize(this.#context, body);
    const { destination, connection, inject } = this.#context;
    const { message } = prepared;
    message.body = body;
    const send = (): Promise<Receipt> => {
      message.headers = inject(message.headers);
      return this.#outbox.send(this.#lane, prepared);
    };
    if (!sendTracing.hasSubscribers) return send();
    const { id, headers } = message;
    return sendTracing.tracePromise(send, {
      broker: connection.log.broker,
      destination: destination.name,
      kind: destination.kind,
      id,
      headers,
      size: body.length,
    });
  }
}

/** Returns the options of a message of a batch. Most have none, and then need no check. */
function optionsOf(message: SendOptions & { readonly body: unknown }): SendOptions | undefined {
  if (Object.keys(message).length === 1 && "body" in message) return undefined;
  const { body: _, ...options } = message;
  return options;
}
