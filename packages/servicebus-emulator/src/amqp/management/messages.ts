import { messageLockLost } from "../../entities/errors.ts";
import type { Lock, Message } from "../../entities/message.ts";
import { AmqpContent } from "../message/content.ts";
import { encodeMessage } from "../message/encode-message.ts";
import { types } from "../rhea.ts";
import { uuidBytes } from "../wire/uuid.ts";
import { bytesIn, invalid, mapIn, mapsIn, numberIn, numbersIn, requiredTextIn, textIn, uuidsIn } from "./fields.ts";
import type { ManagementRequest, Operation } from "./operation.ts";

const LONG = 0x81;
const TIMESTAMP = 0x83;

/** The sum of the sizes of the messages of one answer, in bytes. More of them are left for the next request. */
const MAX_ANSWER = 1024 * 1024;

/** Receiver settle mode "first", which means that received messages are deleted. */
const RECEIVE_AND_DELETE = 0;

const peek: Operation = {
  claims: ["Listen"],
  run: ({ place, body }) => {
    const from = numberIn(body, "from-sequence-number") ?? 1;
    const count = numberIn(body, "message-count") ?? 1;
    const found = place.queue.peek(from, count, textIn(body, "session-id"));
    if (found.length === 0) return undefined;
    return { messages: fitting(found).map((message) => ({ message: encodeMessage(message, undefined) })) };
  },
};

const renewLock: Operation = {
  claims: ["Listen"],
  run: (request) => {
    const locks = locksOf(request);
    const ends = locks.map((lock) => request.place.queue.renew(lock));
    return { expirations: types.wrap_array(ends, TIMESTAMP) };
  },
};

const schedule: Operation = {
  claims: ["Send"],
  run: ({ place, body }) => {
    const contents = mapsIn(body, "messages").map((entry) => {
      const bytes = bytesIn(entry, "message");
      if (bytes === undefined) throw invalid("The request lacks a message.");
      return AmqpContent.decode(bytes);
    });
    const numbers = place.queue.send(contents);
    place.entity.touch();
    return { "sequence-numbers": types.wrap_array(numbers, LONG) };
  },
};

const cancelScheduled: Operation = {
  claims: ["Send"],
  run: ({ place, body }) => {
    place.queue.cancelScheduled(numbersIn(body, "sequence-numbers"));
    return {};
  },
};

const receiveDeferred: Operation = {
  claims: ["Listen"],
  run: ({ place, body }) => {
    const mode = numberIn(body, "receiver-settle-mode") === RECEIVE_AND_DELETE ? "receive-and-delete" : "peek-lock";
    const numbers = numbersIn(body, "sequence-numbers");
    const messages = place.queue.takeDeferred(numbers, mode, textIn(body, "session-id"));
    place.entity.touch();
    return { messages: messages.map((message) => received(message, message.lock)) };
  },
};

const updateDisposition: Operation = {
  claims: ["Listen"],
  run: (request) => {
    const { place, body } = request;
    const settle = settlementOf(request, requiredTextIn(body, "disposition-status"));
    for (const lock of locksOf(request)) settle(lock);
    place.entity.touch();
    return {};
  },
};

function settlementOf({ place, body }: ManagementRequest, status: string): (lock: Lock) => void {
  const { queue } = place;
  const changes = mapIn(body, "properties-to-modify");
  switch (status) {
    case "completed":
      return (lock) => queue.complete(lock);
    case "abandoned":
      return (lock) => queue.abandon(lock, changes);
    case "defered":
      return (lock) => queue.defer(lock, changes);
    case "suspended":
      return (lock) =>
        queue.deadLetter(lock, textIn(body, "deadletter-reason"), textIn(body, "deadletter-description"), changes);
    default:
      throw invalid(`There is no disposition status ${status}.`);
  }
}

function received(message: Message, lock: Lock | undefined): object {
  const encoded = encodeMessage(message, lock);
  if (lock === undefined) return { message: encoded };
  return { message: encoded, "lock-token": types.wrap_uuid(uuidBytes(lock.token)) };
}

function locksOf({ place, body }: ManagementRequest): readonly Lock[] {
  const sessionId = textIn(body, "session-id");
  return uuidsIn(body, "lock-tokens").map((token) => {
    const lock = place.queue.findLock(token, sessionId);
    if (lock === undefined) throw messageLockLost();
    return lock;
  });
}

function fitting(messages: readonly Message[]): readonly Message[] {
  let size = 0;
  return messages.filter(({ content }, index) => {
    size += content.size;
    return index === 0 || size <= MAX_ANSWER;
  });
}

export const MESSAGE_OPERATIONS: Readonly<Record<string, Operation>> = {
  "com.microsoft:peek-message": peek,
  "com.microsoft:renew-lock": renewLock,
  "com.microsoft:schedule-message": schedule,
  "com.microsoft:cancel-scheduled-message": cancelScheduled,
  "com.microsoft:receive-by-sequence-number": receiveDeferred,
  "com.microsoft:update-disposition": updateDisposition,
};
