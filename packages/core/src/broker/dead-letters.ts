import type { DeadLetter, DeadLetters } from "../api/dead-letters.ts";
import { DEFAULTS } from "../api/defaults.ts";
import { checkKeys, checkSignal, integer, show } from "../base/check.ts";
import { type Clock, pause } from "../base/clock.ts";
import { BrokerError } from "../base/errors.ts";
import { cancelled } from "../base/wait.ts";
import type { DeadLetterEntry, DeadLetterStore, Selection } from "../contract/dead-letters.ts";
import { describeEntity, type SourceEntity } from "../contract/entities.ts";
import { OWN } from "../contract/headers.ts";
import type { HeaderChanges } from "../contract/message.ts";
import { dateOf, readCount, readDate } from "../contract/own-headers.ts";
import { withoutOwn } from "../receiving/held-message.ts";
import { askLink } from "./ask-link.ts";
import type { BrokerContext } from "./context.ts";

/** A replayed message starts anew: without its failures, and without an expiry. */
const RESET_HEADERS: HeaderChanges = {
  [OWN.attempt]: undefined,
  [OWN.deadReason]: undefined,
  [OWN.deadError]: undefined,
  [OWN.deadSource]: undefined,
  [OWN.deadAt]: undefined,
  [OWN.notBefore]: undefined,
  [OWN.expiresAt]: undefined,
};

/** How long an operation may take, in ms. */
const TIMEOUT = 60_000;
const LIMIT_MAX = 1_000_000_000;
/** The highest rate of a replay, in messages a second, and in how many steps a second it goes. */
const RATE_MAX = 1_000_000;
const TURNS_A_SECOND = 10;

function checkOptions(verb: string, options: { readonly signal?: unknown }, known: readonly string[]): void {
  checkKeys(`deadLetters.${verb}`, options, known);
  checkSignal(`deadLetters.${verb}`, options.signal);
}

/** Returns the selection with only what was given. Throws a `TypeError` unless it has either ids or `all`. */
function selectionOf(verb: string, selection: Selection): Selection {
  const takes = `deadLetters.${verb} takes { ids: [...] } with texts or { all: true }, not`;
  if (typeof selection !== "object" || selection === null) throw new TypeError(`${takes} ${show(selection)}`);
  checkKeys(`deadLetters.${verb}`, selection, ["ids", "all"]);
  const { ids, all } = { ids: undefined, all: undefined, ...selection };
  if (ids !== undefined && all !== undefined) throw new TypeError(`${takes} both`);
  if (all === true) return { all };
  if (Array.isArray(ids) && ids.every((id) => typeof id === "string")) return { ids };
  throw new TypeError(`${takes} ${ids === undefined ? show(selection) : `ids: ${show(ids)}`}`);
}

/** Creates the dead letters API of a queue or subscription. */
export function deadLettersOf(context: BrokerContext, entity: SourceEntity): DeadLetters {
  const refuseEphemeral = (): void => {
    if (entity.kind === "queue" || entity.durable) return;
    throw new BrokerError("UNSUPPORTED", `${describeEntity(entity)} is ephemeral: it has no dead letters`);
  };
  const requireFeature = (feature: "deadLetters.count" | "deadLetters.list" | "deadLetters.select"): void => {
    context.connection.requireFeature(feature, describeEntity(entity));
    refuseEphemeral();
  };
  const query = <T>(
    doing: string,
    signal: AbortSignal | undefined,
    request: (store: DeadLetterStore, signal: AbortSignal) => Promise<T>,
  ): Promise<T> =>
    askLink(context, `${doing} the dead letters of ${describeEntity(entity)}`, TIMEOUT, signal, (link, stop) =>
      request(link.deadLetters(entity), stop),
    );
  const checkSelection = (verb: string, selection: Selection, options: object): Selection => {
    checkOptions(verb, options, ["signal"]);
    const selected = selectionOf(verb, selection);
    if ("ids" in selected) requireFeature("deadLetters.select");
    else refuseEphemeral();
    return selected;
  };
  return {
    async count(options = {}) {
      checkOptions("count", options, ["signal"]);
      requireFeature("deadLetters.count");
      return query("counting", options.signal, (store, signal) => store.count(signal));
    },
    async *list(options = {}) {
      checkOptions("list", options, ["limit", "after", "signal"]);
      requireFeature("deadLetters.list");
      let left = integer("limit", options.limit, DEFAULTS.deadLetterPage, 1, LIMIT_MAX);
      for (let after = options.after; left > 0; ) {
        const wanted = Math.min(left, DEFAULTS.deadLetterPage);
        const page = await query("listing", options.signal, (store, signal) => store.list(wanted, after, signal));
        yield* page.map(toDeadLetter);
        if (page.length < wanted) return;
        left -= page.length;
        after = page.at(-1)?.deadLetterId;
      }
    },
    async replay(selection, options = {}) {
      const { rate, ...others } = options;
      const selected = checkSelection("replay", selection, others);
      const { signal } = options;
      const replay = (some: Selection): Promise<number> =>
        query("replaying", signal, (store, stop) => store.replay(some, RESET_HEADERS, stop));
      if (rate === undefined) return replay(selected);
      integer("replay: rate", rate, 1, 1, RATE_MAX);
      requireFeature("deadLetters.select");
      const ids = "ids" in selected ? selected.ids : await allIds(this.list({ limit: LIMIT_MAX, signal }));
      return inTurns(ids, rate, context.connection.context.clock, signal, (some) => replay({ ids: some }));
    },
    async remove(selection, options = {}) {
      const selected = checkSelection("remove", selection, options);
      return query("removing", options.signal, (store, signal) => store.remove(selected, signal));
    },
  };
}

async function allIds(letters: AsyncIterable<DeadLetter>): Promise<readonly string[]> {
  const ids: string[] = [];
  for await (const { deadLetterId } of letters) ids.push(deadLetterId);
  return ids;
}

/** Replays at most `rate` in a second, some at a time. Resolves with how many there were. */
async function inTurns(
  ids: readonly string[],
  rate: number,
  clock: Clock,
  signal: AbortSignal | undefined,
  replay: (ids: readonly string[]) => Promise<number>,
): Promise<number> {
  const size = Math.ceil(rate / TURNS_A_SECOND);
  const wait = (size * 1_000) / rate;
  const stop = signal ?? new AbortController().signal;
  let count = 0;
  for (let from = 0; from < ids.length; from += size) {
    if (from > 0) await pause(clock, wait, stop);
    if (stop.aborted) throw cancelled("replaying dead letters", stop);
    count += await replay(ids.slice(from, from + size));
  }
  return count;
}

function toDeadLetter(entry: DeadLetterEntry): DeadLetter {
  const { deadLetterId, id, key, type, contentType, correlationId, replyTo, native, headers } = entry;
  return {
    ...{ deadLetterId, id, key, type, contentType, correlationId, replyTo, native },
    bytes: entry.body,
    headers: withoutOwn(headers),
    sentAt: dateOf(entry.sentAt),
    attempts: readCount(headers[OWN.attempt]),
    reason: headers[OWN.deadReason],
    error: headers[OWN.deadError],
    source: headers[OWN.deadSource],
    at: readDate(headers[OWN.deadAt]),
  };
}
