import { sendTracing } from "../api/diagnostics.ts";
import type { BatchResult, Receipt, SendOptions } from "../api/sending.ts";
import { show } from "../base/check.ts";
import { BrokerError, reasonOf } from "../base/errors.ts";
import type { Outbox } from "./outbox.ts";
import type { Lane } from "./outbox-lane.ts";
import { checkSize, type Prepared, prepareSend, type SendContext } from "./outgoing.ts";

/** How many messages of a batch are on their way at once. */
const BATCH_IN_FLIGHT = 2_000;

/** Sends to one destination: checks, encodes, and puts into the outbox in the order of the calls. */
export class Sender {
  readonly #is: SendContext;
  readonly #outbox: Outbox;
  readonly #lane: Lane;
  /** While a schema is thinking, later sends wait behind it, so that the order of the calls is kept. */
  #thinking: Promise<unknown> | undefined;

  constructor(context: SendContext, outbox: Outbox) {
    this.#is = context;
    this.#outbox = outbox;
    this.#lane = outbox.lane(context.destination);
  }

  /** Resolves when the broker has it. */
  send(body: unknown, options: SendOptions | undefined): Promise<Receipt> {
    try {
      const prepared = prepareSend(this.#is, options);
      const encoded = this.#is.format.write(body);
      if (!(encoded instanceof Promise) && this.#thinking === undefined) return this.#enqueue(prepared, encoded);
      return this.#sendInTurn(prepared, encoded);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Sends many, with a bound on how many are on their way; answers a result for each. */
  async sendBatch(messages: readonly (SendOptions & { readonly body: unknown })[]): Promise<readonly BatchResult[]> {
    if (!Array.isArray(messages)) throw new TypeError("sendBatch takes an array of messages");
    const prepared = messages.map((message, index) => {
      if (typeof message !== "object" || message === null || !("body" in message)) {
        throw new TypeError(`message ${index} of the batch must be an object with a body, not ${show(message)}`);
      }
      return { body: message.body, prepared: prepareSend(this.#is, optionsOf(message)) };
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
      await this.#sendInTurn(prepared, this.#is.format.write(body));
      return { id, error: undefined };
    } catch (error) {
      if (error instanceof BrokerError) return { id, error };
      // A value that the codec cannot write is this message's failure, not the batch's.
      return { id, error: new BrokerError("INVALID_BODY", reasonOf(error), { cause: error }) };
    }
  }

  #sendInTurn(prepared: Prepared, encoded: Uint8Array | Promise<Uint8Array>): Promise<Receipt> {
    if (!(encoded instanceof Promise) && this.#thinking === undefined) return this.#enqueue(prepared, encoded);
    const before = this.#thinking;
    const turn = (async () => {
      const body = await encoded;
      await before;
      return body;
    })();
    const thinking = Promise.allSettled([turn]);
    this.#thinking = thinking;
    void thinking.then(() => {
      if (this.#thinking === thinking) this.#thinking = undefined;
    });
    return turn.then((body) => this.#enqueue(prepared, body));
  }

  #enqueue(prepared: Prepared, body: Uint8Array): Promise<Receipt> {
    checkSize(this.#is, body);
    const { destination } = this.#is;
    prepared.message.body = body;
    const send = (): Promise<Receipt> => this.#outbox.send(this.#lane, prepared);
    if (!sendTracing.hasSubscribers) return send();
    const { id, headers } = prepared.message;
    return sendTracing.tracePromise(send, {
      destination: destination.name,
      kind: destination.kind,
      id,
      headers,
      size: body.length,
    });
  }
}

/** The options of a message of a batch; most have none, and need not be checked. */
function optionsOf(message: SendOptions & { readonly body: unknown }): SendOptions | undefined {
  if (Object.keys(message).length === 1 && "body" in message) return undefined;
  const { body: _, ...options } = message;
  return options;
}
