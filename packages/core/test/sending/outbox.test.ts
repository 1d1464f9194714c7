import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { BrokerError } from "../../src/base/errors.ts";
import { queue } from "../entities.ts";
import { settled } from "../manual-clock.ts";
import { outboxBench } from "./outbox-bench.ts";

const busy = new BrokerError("THROTTLED", "slow down", { retryable: true });
const full = new BrokerError("BACKPRESSURE", "no room", { retryable: true });

test("a send resolves with its id when the broker has the message", async () => {
  const { server, send } = await outboxBench();
  server.onSend = (call) => call.acceptAll();
  expect(await send("1")).toEqual({ id: "1" });
});

test("a send fails at once when trying again cannot help", async () => {
  const { server, send } = await outboxBench();
  server.onSend = (call) => call.refuseAll(new BrokerError("FORBIDDEN", "not allowed"));
  const fate = await send("1");
  expect(fate).toMatchObject({ code: "FORBIDDEN", retryable: false, outcomeUnknown: false });
  expect(server.calls).toHaveLength(1);
});

describe("at its deadline a send fails", () => {
  test("with TIMEOUT and the reason of the last try when it was tried and refused for now", async () => {
    const { clock, server, send, fates } = await outboxBench();
    server.onSend = (call) => call.refuseAll(busy);
    void send("1", { timeout: 1_000 });
    await clock.advance(999);
    expect(fates.size).toBe(0);
    await clock.advance(1);
    const fate = fates.get("1");
    expect(fate).toMatchObject({ code: "TIMEOUT", retryable: true, outcomeUnknown: false });
    expect(fate).toMatchObject({ message: expect.stringMatching(/queue jobs.*slow down/) });
  });

  test("with an unknown outcome when it was sent and not confirmed", async () => {
    const { clock, send, fates } = await outboxBench();
    void send("1", { timeout: 1_000 });
    await clock.advance(1_000);
    expect(fates.get("1")).toMatchObject({ code: "TIMEOUT", outcomeUnknown: true });
  });

  test("with the reason of the connection when there is no link", async () => {
    const { clock, server, send, fates } = await outboxBench();
    server.reachable = false;
    server.breakLink();
    await settled();
    void send("1", { timeout: 100 });
    await clock.advance(100);
    const message = expect.stringContaining("connection refused");
    expect(fates.get("1")).toMatchObject({ code: "TIMEOUT", outcomeUnknown: false, message });
  });

  test("with an unknown outcome when an earlier try may have been accepted", async () => {
    const { clock, server, send, fates } = await outboxBench();
    server.onSend = (call) => call.refuseAll(busy, server.calls.length === 1);
    void send("1", { timeout: 1_000 });
    await clock.advance(1_000);
    expect(server.calls.length).toBeGreaterThan(1);
    expect(fates.get("1")).toMatchObject({ code: "TIMEOUT", outcomeUnknown: true });
  });

  test("with BACKPRESSURE when the broker was full all the time", async () => {
    const { clock, server, send, fates } = await outboxBench();
    server.onSend = (call) => call.refuseAll(full);
    void send("1", { timeout: 1_000 });
    await clock.advance(1_000);
    expect(fates.get("1")).toMatchObject({ code: "BACKPRESSURE", retryable: true, outcomeUnknown: false });
  });

  test("of its own: sends with different deadlines end one after the other", async () => {
    const { clock, send, fates } = await outboxBench();
    void send("long", { timeout: 3_000 });
    void send("short", { timeout: 1_000 });
    await clock.advance(1_000);
    expect([...fates.keys()]).toEqual(["short"]);
    await clock.advance(2_000);
    expect([...fates.keys()]).toEqual(["short", "long"]);
  });

  test("and is not sent any more", async () => {
    const { clock, server, send } = await outboxBench({
      server: (one) => {
        one.window = { messages: 1, bytes: 1_000 };
      },
    });
    void send("1");
    await settled();
    void send("2", { timeout: 1_000 });
    await clock.advance(1_000);
    server.calls[0]?.acceptAll();
    await settled();
    expect(server.batches).toEqual([["1"]]);
  });
});

describe("a cancelled send", () => {
  test("rejects at once with CANCELLED, the reason as its cause", async () => {
    const { send, fates } = await outboxBench();
    const abort = new AbortController();
    void send("1", { signal: abort.signal });
    await settled();
    abort.abort("no longer needed");
    await settled();
    expect(fates.get("1")).toMatchObject({ code: "CANCELLED", cause: "no longer needed", outcomeUnknown: true });
  });

  test("was not accepted when it had not been sent", async () => {
    const { server, send, fates } = await outboxBench();
    const abort = new AbortController();
    void send("1", { signal: abort.signal });
    abort.abort();
    await settled();
    expect(fates.get("1")).toMatchObject({ code: "CANCELLED", outcomeUnknown: false });
    expect(server.calls).toEqual([]);
  });

  test("is not sent when its signal had aborted before", async () => {
    const { server, send, fates } = await outboxBench();
    void send("1", { signal: AbortSignal.abort() });
    await settled();
    expect(fates.get("1")).toMatchObject({ code: "CANCELLED", outcomeUnknown: false });
    expect(server.calls).toEqual([]);
  });

  test("aborts its batch once no other send of it is waited for", async () => {
    const { server, send } = await outboxBench();
    const [one, other] = [new AbortController(), new AbortController()];
    void send("1", { signal: one.signal });
    void send("2", { signal: other.signal });
    await settled();
    const [call] = server.calls;
    one.abort();
    expect(call?.signal.aborted).toBe(false);
    other.abort();
    expect(call?.signal.aborted).toBe(true);
  });

  test("keeps its place in the window until the driver has reported it", async () => {
    const { server, send } = await outboxBench({
      server: (one) => {
        one.window = { messages: 1, bytes: 1_000 };
      },
    });
    const abort = new AbortController();
    void send("1", { signal: abort.signal });
    await settled();
    abort.abort();
    void send("2");
    await settled();
    expect(server.batches).toEqual([["1"]]);
    server.calls[0]?.fail(new Error("aborted"));
    await settled();
    expect(server.batches).toEqual([["1"], ["2"]]);
  });
});

test("a send that has ended listens no longer to its signal", async () => {
  const { clock, server, send } = await outboxBench();
  const { signal } = new AbortController();
  server.onSend = (call) => call.acceptAll();
  await send("accepted", { signal });
  server.onSend = () => {};
  const late = send("late", { signal, timeout: 10 });
  await clock.advance(10);
  await late;
  expect(getEventListeners(signal, "abort")).toEqual([]);
});

describe("the send buffer", () => {
  test("takes up to twice its messages, and refuses more at once with BACKPRESSURE", async () => {
    const { server, send, fates } = await outboxBench({ buffer: { messages: 2 } });
    for (const id of ["1", "2", "3", "4", "5"]) void send(id);
    await settled();
    expect([...fates.keys()]).toEqual(["5"]);
    expect(fates.get("5")).toMatchObject({ code: "BACKPRESSURE", retryable: true, outcomeUnknown: false });
    expect(server.batches).toEqual([["1", "2"]]);
    for (const call of server.calls) call.acceptAll();
    await settled();
    expect(server.batches.slice(1)).toEqual([["3", "4"]]);
  });

  test("takes up to twice its bytes, 200 of overhead for each message included", async () => {
    const { send, fates } = await outboxBench({ buffer: { bytes: 1_000 } });
    for (const id of ["1", "2", "3", "4"]) void send(id, { bytes: 300 });
    await settled();
    expect(fates.size).toBe(0);
    void send("5", { bytes: 300 });
    await settled();
    expect(fates.get("5")).toMatchObject({ code: "BACKPRESSURE" });
  });

  test("takes a message larger than all of it when it is empty", async () => {
    const { server, send } = await outboxBench({ buffer: { bytes: 100 } });
    server.onSend = (call) => call.acceptAll();
    expect(await send("1", { bytes: 5_000 })).toEqual({ id: "1" });
  });

  test("has room again for each send that has ended", async () => {
    const { server, send, fates } = await outboxBench({ buffer: { messages: 2, bytes: 500 } });
    server.onSend = (call) => call.acceptAll();
    for (const id of ["1", "2", "3", "4", "5"]) await send(id);
    server.onSend = () => {};
    for (const id of ["6", "7", "8", "9"]) void send(id);
    await settled();
    expect([...fates.keys()]).toEqual(["1", "2", "3", "4", "5"]);
    expect([...fates.values()].every((fate) => fate === "accepted")).toBe(true);
  });

  test("that is full until the deadline is the reason why a send failed that came to it", async () => {
    const { clock, send, fates } = await outboxBench({ buffer: { messages: 1 } });
    void send("first", { timeout: 60_000 });
    void send("crowded", { timeout: 1_000 });
    await clock.advance(1_000);
    expect(fates.get("crowded")).toMatchObject({ code: "BACKPRESSURE", outcomeUnknown: false });
  });
});

test("a destination with a backlog does not keep a single send to another one waiting", async () => {
  const { server, send } = await outboxBench({
    server: (one) => {
      one.window = { messages: 2, bytes: 1_000_000 };
    },
  });
  for (let id = 1; id <= 20; id += 1) void send(`backlog ${id}`, { to: queue("busy") });
  await settled();
  void send("single", { to: queue("quiet") });
  await settled();
  server.calls[0]?.acceptAll();
  await settled();
  server.calls[1]?.acceptAll();
  await settled();
  expect(server.batches.slice(0, 3).flat()).toContain("single");
});

describe("a drain", () => {
  test("resolves when every send has ended", async () => {
    const { outbox, server, send } = await outboxBench();
    void send("1");
    let drained = false;
    const draining = outbox.drain(new AbortController().signal).then(() => {
      drained = true;
    });
    await settled();
    expect(drained).toBe(false);
    server.calls[0]?.acceptAll();
    await draining;
    expect(drained).toBe(true);
  });

  test("lets sends go on, retries included", async () => {
    const { clock, outbox, server, send, fates } = await outboxBench();
    server.onSend = (call) => (server.calls.length < 4 ? call.refuseAll(busy) : call.acceptAll());
    void send("1");
    const draining = outbox.drain(new AbortController().signal);
    await clock.advance(1_000);
    await draining;
    expect(fates.get("1")).toBe("accepted");
  });

  test("that may wait no longer fails the rest with CLOSED, and says which may have been accepted", async () => {
    const { outbox, send, fates } = await outboxBench({
      server: (one) => {
        one.window = { messages: 1, bytes: 1_000 };
      },
    });
    void send("sent");
    void send("waiting");
    const abort = new AbortController();
    const draining = outbox.drain(abort.signal);
    await settled();
    abort.abort();
    await draining;
    expect(fates.get("sent")).toMatchObject({ code: "CLOSED", retryable: false, outcomeUnknown: true });
    expect(fates.get("waiting")).toMatchObject({ code: "CLOSED", outcomeUnknown: false });
  });

  test("refuses every later send with CLOSED, and leaves no timer behind", async () => {
    const { clock, outbox, server, send, fates } = await outboxBench();
    server.onSend = (call) => call.refuseAll(busy);
    void send("1");
    await settled();
    await outbox.drain(AbortSignal.abort());
    await send("2");
    expect(fates.get("2")).toMatchObject({ code: "CLOSED", outcomeUnknown: false });
    expect(clock.pending).toBe(0);
  });
});
