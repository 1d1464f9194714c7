import type { ReplyLink } from "./reply-link.ts";
import { type DecodedMessage, type EventContext, message, types } from "./rhea.ts";
import { MalformedBytes } from "./wire/reader.ts";

/** What a request is answered with. */
export interface Answer {
  readonly applicationProperties: Record<string, unknown>;
  readonly body?: unknown;
}

/** The links on which a client receives answers, by the names under which requests ask for them. */
export class ReplyLinks {
  readonly #links = new Map<string, ReplyLink>();

  add(names: readonly (string | undefined)[], link: ReplyLink): void {
    for (const name of names) if (name !== undefined) this.#links.set(name, link);
  }

  remove(link: ReplyLink): void {
    for (const [name, candidate] of this.#links) if (candidate === link) this.#links.delete(name);
  }

  /** The link that a request names. A request without one means the newest link from the same node. */
  find(name: string | undefined, node: string): ReplyLink | undefined {
    const named = name === undefined ? undefined : this.#links.get(name);
    if (named !== undefined) return named;
    return [...this.#links.values()].filter((link) => link.node === node).at(-1);
  }
}

const ACCEPTED = message.accepted().described();

/** Answers the requests that a client sends on a link. */
export function answerRequests(
  node: string,
  replyLinks: ReplyLinks,
  answer: (request: DecodedMessage) => Answer,
): (context: EventContext) => void {
  return ({ message: payload, delivery }) => {
    if (payload === undefined || delivery === undefined) throw new MalformedBytes("a request has no payload");
    const request = message.decode(payload);
    delivery.update(true, ACCEPTED);
    const replyLink = replyLinks.find(request.reply_to, node);
    if (replyLink === undefined) return;
    const { applicationProperties, body } = answer(request);
    replyLink.send(
      message.encode({
        correlation_id: correlationOf(request),
        application_properties: applicationProperties,
        body,
      }),
    );
  };
}

function correlationOf({ correlation_id: correlation, message_id: id }: DecodedMessage): unknown {
  return id ?? correlation;
}

/** The AMQP type of status codes. */
export function int(value: number): unknown {
  return types.wrap_int(value);
}
