import { types } from "../rhea.ts";
import { bytesIn, numberIn, requiredTextIn } from "./fields.ts";
import type { Operation } from "./operation.ts";

const renewLock: Operation = {
  claims: ["Listen"],
  run: ({ place, body }) => ({
    expiration: new Date(place.queue.sessions.renew(requiredTextIn(body, "session-id"))),
  }),
};

const setState: Operation = {
  claims: ["Listen"],
  run: ({ place, body }) => {
    const { sessions } = place.queue;
    const state = bytesIn(body, "session-state");
    sessions.setState(requiredTextIn(body, "session-id"), state === undefined ? undefined : Buffer.from(state));
    return {};
  },
};

const getState: Operation = {
  claims: ["Listen"],
  run: ({ place, body }) => {
    const session = place.queue.sessions.find(requiredTextIn(body, "session-id"));
    return { "session-state": session?.state ?? null };
  },
};

// .NET's largest time, which clients send to ask for the sessions that have messages.
const MAX_TIME = 253_402_300_799_000;

const list: Operation = {
  claims: ["Listen"],
  run: ({ place, body }) => {
    const time = body["last-updated-time"];
    const after = time instanceof Date ? time.getTime() : numberIn(body, "last-updated-time");
    const ids = place.queue.sessions.list(after === undefined || after >= MAX_TIME ? undefined : after);
    const skip = numberIn(body, "skip") ?? 0;
    const page = ids.slice(skip, skip + (numberIn(body, "top") ?? 100));
    if (page.length === 0) return undefined;
    return { skip: types.wrap_int(skip + page.length), "sessions-ids": types.wrap_list(page) };
  },
};

export const SESSION_OPERATIONS: Readonly<Record<string, Operation>> = {
  "com.microsoft:renew-session-lock": renewLock,
  "com.microsoft:set-session-state": setState,
  "com.microsoft:get-session-state": getState,
  "com.microsoft:get-message-sessions": list,
};
