import { declared, live, message, queue, reading, sent, settle, take } from "@anybroker-internal/testkit/link";
import { expect, test } from "vitest";
import { expectReady, open, plain, publishTo, unique } from "./harness.ts";

/** A queue whose messages were dead-lettered, at a time that each has by its number: by default a millisecond apart. */
async function deadLettered(count: number, at = (index: number): number => 1_700_000_000_000 + index) {
  const link = await open();
  const entity = queue(unique("queue"));
  await declared(link, entity);
  await sent(
    link,
    entity,
    Array.from({ length: count }, (_, index) => message(`m${index}`, { headers: { b: "1" } })),
  );
  const source = await reading(link, entity, { window: count });
  const letters = (await take(source, count)).map((delivery, index) => {
    const headers = { "anybroker-dead-at": new Date(at(index)).toISOString(), "anybroker-attempt": "5" };
    return { action: "deadLetter", delivery, headers } as const;
  });
  expect(new Set(await settle(source, ...letters.reverse()))).toEqual(new Set([undefined]));
  await source.close(live);
  return { link, entity, store: link.deadLetters(entity) };
}

const names = (entries: readonly { readonly id: string | undefined }[]) => entries.map(({ id }) => id);
const first = (count: number) => Array.from({ length: count }, (_, index) => `m${index}`);

test("dead letters are listed oldest first, whatever their order in the queue, a hundred times, and none is lost", {
  timeout: 60_000,
}, async () => {
  const { store } = await deadLettered(30);
  const listing = await store.list(50, undefined, live);
  expect(names(listing)).toEqual(first(30));
  for (let look = 0; look < 100; look += 1) {
    const again = await store.list(look % 2 === 0 ? 50 : 7, undefined, live);
    expect(again.map(({ deadLetterId }) => deadLetterId)).toEqual(
      listing.slice(0, look % 2 === 0 ? 50 : 7).map(({ deadLetterId }) => deadLetterId),
    );
  }
  expect(await store.count(live)).toBe(30);
});

test("pages follow each other, even when the last entry of the previous page was removed", async () => {
  const { store } = await deadLettered(10);
  const one = await store.list(4, undefined, live);
  expect(names(one)).toEqual(["m0", "m1", "m2", "m3"]);
  await store.remove({ ids: one.map(({ deadLetterId }) => deadLetterId) }, live);
  const two = await store.list(4, one.at(-1)?.deadLetterId, live);
  expect(names(two)).toEqual(["m4", "m5", "m6", "m7"]);
  expect(names(await store.list(4, two.at(-1)?.deadLetterId, live))).toEqual(["m8", "m9"]);
});

test("dead letters of the same millisecond, even those equal in every byte, have different ids", async () => {
  const { link, entity, store } = await deadLettered(3, () => 1_700_000_000_000);
  const channel = await plain();
  for (let twin = 0; twin < 3; twin += 1) await publishTo(channel, `${entity.name}.dlq`, "same", { messageId: "twin" });
  await expectReady(channel, `${entity.name}.dlq`, 6);
  const listing = await store.list(10, undefined, live);
  expect(names(listing)).toEqual(["twin", "twin", "twin", "m0", "m1", "m2"]);
  expect(new Set(listing.map(({ deadLetterId }) => deadLetterId)).size).toBe(6);
  expect(await store.remove({ ids: [listing[1]?.deadLetterId ?? ""] }, live)).toBe(1);
  expect(await store.count(live)).toBe(5);
  expect(await link.stats(entity, live)).toMatchObject({ dead: 5 });
});

test("a replay takes the named dead letters, changes their headers, and leaves the others in order", async () => {
  const { link, entity, store } = await deadLettered(5);
  const listing = await store.list(10, undefined, live);
  const selected = [listing[3], listing[1]].map((entry) => entry?.deadLetterId ?? "");
  const afresh = { "anybroker-attempt": undefined, "anybroker-dead-at": undefined };
  expect(await store.replay({ ids: [...selected, "1/none/such"] }, afresh, live)).toBe(2);
  expect(names(await store.list(10, undefined, live))).toEqual(["m0", "m2", "m4"]);
  const back = await take(await reading(link, entity), 2);
  expect(back.map(({ headers }) => ({ ...headers }))).toEqual([{ b: "1" }, { b: "1" }]);
  expect(await store.replay({ ids: selected }, afresh, live)).toBe(0);
});

test("all dead letters are replayed or removed, however many there are", { timeout: 60_000 }, async () => {
  const { link, entity, store } = await deadLettered(700);
  expect(await store.replay({ all: true }, {}, live)).toBe(700);
  expect(await store.count(live)).toBe(0);
  await expect.poll(() => link.stats(entity, live)).toMatchObject({ ready: 700, dead: 0 });
  const again = await deadLettered(600);
  expect(await again.store.remove({ all: true }, live)).toBe(600);
  expect(await again.store.count(live)).toBe(0);
});

test("a replay that the server refuses fails, and loses nothing", async () => {
  const { entity, store } = await deadLettered(3);
  await (await plain()).deleteQueue(entity.name);
  await expect(store.replay({ all: true }, {}, live)).rejects.toMatchObject({ code: "NOT_FOUND" });
  await expect.poll(() => store.count(live)).toBe(3);
});

test("without a queue for them, there are no dead letters", async () => {
  const link = await open();
  const name = unique("foreign");
  await (await plain()).assertQueue(name);
  const store = link.deadLetters(queue(name));
  expect(await store.count(live)).toBe(0);
  expect(await store.list(10, undefined, live)).toEqual([]);
  expect(await store.replay({ all: true }, {}, live)).toBe(0);
  expect(await store.remove({ ids: ["x"] }, live)).toBe(0);
});

test("dead letters that another program put there with odd headers are listed and moved like others", async () => {
  const { entity, store } = await deadLettered(1);
  const channel = await plain();
  const odd = [
    { "anybroker-dead-at": "soon" },
    { "anybroker-dead-at": 9e15 },
    { "anybroker-dead-at": ["2026-01-01T00:00:00.000Z"] },
    { "x-death": "text" },
    { "x-death": ["text", 5] },
    { "x-death": [{}] },
  ];
  for (const [index, headers] of odd.entries()) {
    await publishTo(channel, `${entity.name}.dlq`, "odd", { messageId: `odd${index}`, headers });
  }
  await expectReady(channel, `${entity.name}.dlq`, odd.length + 1);
  const listing = await store.list(20, undefined, live);
  expect(names(listing)).toEqual([...odd.map((_, index) => `odd${index}`), "m0"]);
  const ids = listing.slice(0, -1).map(({ deadLetterId }) => deadLetterId);
  expect(ids.every((id) => id.startsWith("0/"))).toBe(true);
  expect(await store.replay({ ids }, { "anybroker-dead-at": undefined }, live)).toBe(odd.length);
  await expectReady(channel, entity.name, odd.length);
});

test("several listings at the same time wait for each other", async () => {
  const { store } = await deadLettered(20);
  const looks = await Promise.all(Array.from({ length: 10 }, () => store.list(50, undefined, live)));
  for (const look of looks) expect(names(look)).toEqual(first(20));
});

test("a listing ends when its signal aborts, and gives back what it received", async () => {
  const { store } = await deadLettered(20);
  await expect(store.list(50, undefined, AbortSignal.abort(new Error("enough")))).rejects.toThrow("enough");
  expect(names(await store.list(50, undefined, live))).toEqual(first(20));
});

test("a call that waits for its turn ends when its signal aborts, and removes nothing later", async () => {
  const { store } = await deadLettered(20);
  const before = store.list(50, undefined, live);
  const signal = AbortSignal.timeout(1);
  await expect(store.remove({ all: true }, signal)).rejects.toMatchObject({ name: "TimeoutError" });
  await before;
  expect(await store.count(live)).toBe(20);
});
