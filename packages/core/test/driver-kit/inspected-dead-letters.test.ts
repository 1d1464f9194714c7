import { expect, test } from "vitest";
import type { DeadLetterEntry } from "../../src/contract/dead-letters.ts";
import type { HeaderChanges } from "../../src/contract/message.ts";
import { inspectedDeadLetters } from "../../src/driver-kit/inspected-dead-letters.ts";
import { delivery } from "../deliveries.ts";

const live = new AbortController().signal;
const changes: HeaderChanges = { "anybroker-attempt": undefined };

/** A broker that receives all dead letters and gives them back, in the order in which they are kept. */
function store(ids: readonly string[]) {
  let kept: DeadLetterEntry[] = ids.map((id) => ({ ...delivery(id), deadLetterId: id }));
  const log: string[] = [];
  let refuses = "";
  const deadLetters = inspectedDeadLetters<DeadLetterEntry>({
    count: async () => kept.length,
    async receiveAll(inspect, all) {
      log.push(all ? "receives all for good" : "receives all");
      const gone = new Set<DeadLetterEntry>();
      for (const entry of kept) {
        const going = inspect(entry);
        if (going === undefined) continue;
        await going;
        gone.add(entry);
      }
      kept = kept.filter((entry) => !gone.has(entry));
      return gone.size;
    },
    async sendBack(entry, headers) {
      if (entry.deadLetterId === refuses) throw new Error("no room");
      log.push(`sends ${entry.deadLetterId} back with ${Object.keys(headers).join()}`);
    },
    compare: (one, other) => Number(one.deadLetterId) - Number(other.deadLetterId),
  });
  return {
    deadLetters,
    log,
    left: () => kept.map((entry) => entry.deadLetterId),
    refuse: (id: string) => {
      refuses = id;
    },
  };
}

const idsOf = (entries: readonly DeadLetterEntry[]): readonly string[] => entries.map((entry) => entry.deadLetterId);

test("a listing is in order, whatever order they are received in, and changes nothing", async () => {
  const { deadLetters, left } = store(["3", "10", "1", "2"]);
  expect(idsOf(await deadLetters.list(10, undefined, live))).toEqual(["1", "2", "3", "10"]);
  expect(left()).toEqual(["3", "10", "1", "2"]);
});

test("pages follow one another without a gap, even after an entry that has gone", async () => {
  const { deadLetters } = store(["9", "4", "1", "8", "5", "7", "2", "6", "3"]);
  const pages: (readonly string[])[] = [];
  for (let after: string | undefined; ; ) {
    const page = idsOf(await deadLetters.list(2, after, live));
    if (page.length === 0) break;
    pages.push(page);
    after = page.at(-1);
  }
  expect(pages).toEqual([["1", "2"], ["3", "4"], ["5", "6"], ["7", "8"], ["9"]]);
  await deadLetters.remove({ ids: ["4"] }, live);
  expect(idsOf(await deadLetters.list(2, "4", live))).toEqual(["5", "6"]);
});

test("those that were chosen go, the others stay in their order", async () => {
  const { deadLetters, left, log } = store(["1", "2", "3", "4"]);
  expect(await deadLetters.remove({ ids: ["2", "4", "7"] }, live)).toBe(2);
  expect(left()).toEqual(["1", "3"]);
  expect(log).toEqual(["receives all"]);
});

test("all go, and the broker learns that none stays", async () => {
  const { deadLetters, left, log } = store(["1", "2"]);
  expect(await deadLetters.remove({ all: true }, live)).toBe(2);
  expect(left()).toEqual([]);
  expect(log).toEqual(["receives all for good"]);
});

test("a replay sends each chosen one back with the changed headers before it goes", async () => {
  const { deadLetters, left, log } = store(["1", "2", "3"]);
  expect(await deadLetters.replay({ ids: ["1", "3"] }, changes, live)).toBe(2);
  expect(left()).toEqual(["2"]);
  expect(log).toEqual(["receives all", "sends 1 back with anybroker-attempt", "sends 3 back with anybroker-attempt"]);
});

test("a replay that cannot send one back rejects, and that one stays", async () => {
  const { deadLetters, left, refuse } = store(["1", "2"]);
  refuse("1");
  await expect(deadLetters.replay({ all: true }, changes, live)).rejects.toThrow("no room");
  expect(left()).toEqual(["1", "2"]);
});
