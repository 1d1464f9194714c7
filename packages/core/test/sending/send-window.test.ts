import { describe, expect, test } from "vitest";
import type { Link } from "../../src/contract/link.ts";
import { LinkWindow, SendWindow, type WindowUser } from "../../src/sending/send-window.ts";
import { ServerDouble } from "../link-double.ts";
import { ManualClock, settled } from "../manual-clock.ts";

const BUFFER = { messages: 1_000, bytes: 1_000_000 };

const openLink = (window: Link["window"]): Promise<Link> => {
  const server = new ServerDouble();
  server.window = window;
  return server.driver.connect(
    { clock: new ManualClock(), lease: 1_000, topology: "create" },
    new AbortController().signal,
  );
};

describe("the window of a link has room", () => {
  test.each([
    // the link's window, the send buffer, what is in flight → room
    [{ messages: 3, bytes: 1_000 }, BUFFER, { messages: 2, bytes: 999, batches: 1 }, true],
    [{ messages: 3, bytes: 1_000 }, BUFFER, { messages: 3, bytes: 10, batches: 1 }, false],
    [{ messages: 3, bytes: 1_000 }, BUFFER, { messages: 1, bytes: 1_000, batches: 1 }, false],
    [{ messages: 3, bytes: 1_000 }, BUFFER, { messages: 1, bytes: 5_000, batches: 1 }, false],
    [{ messages: 9, bytes: 1_000 }, { messages: 2, bytes: 1_000 }, { messages: 2, bytes: 10, batches: 1 }, false],
    [{ messages: 9, bytes: 1_000 }, { messages: 9, bytes: 100 }, { messages: 2, bytes: 100, batches: 1 }, false],
    [{ messages: 9, bytes: 1_000, batches: 2 }, BUFFER, { messages: 2, bytes: 10, batches: 1 }, true],
    [{ messages: 9, bytes: 1_000, batches: 2 }, BUFFER, { messages: 2, bytes: 10, batches: 2 }, false],
    [{ messages: 900, bytes: 1_000 }, BUFFER, { messages: 500, bytes: 500, batches: 500 }, true],
  ])("%o within %o with %o in flight: %s", (link, buffer, { messages, bytes, batches }, hasRoom) => {
    const window = new LinkWindow(link, buffer);
    for (let batch = 1; batch < batches; batch += 1) window.batchStarted(0, 0);
    window.batchStarted(messages, bytes);
    expect(window.hasRoom).toBe(hasRoom);
  });

  test("again for each message and each batch that has ended", () => {
    const window = new LinkWindow({ messages: 2, bytes: 100, batches: 1 }, BUFFER);
    window.batchStarted(2, 100);
    window.messageDone(40);
    expect([window.freeMessages, window.freeBytes, window.hasRoom]).toEqual([1, 40, false]);
    window.batchDone();
    expect(window.hasRoom).toBe(true);
  });
});

test("each link has a window of its own", async () => {
  const window = new SendWindow(BUFFER);
  const [one, other] = [await openLink({ messages: 1, bytes: 1 }), await openLink({ messages: 1, bytes: 1 })];
  expect(window.of(one)).toBe(window.of(one));
  expect(window.of(one)).not.toBe(window.of(other));
});

describe("what wants to send", () => {
  /** Users that share `room` messages; who sent how much is in the log. */
  function bench() {
    const window = new SendWindow(BUFFER);
    const log: string[] = [];
    const state = { room: 0 };
    const user = (name: string, waiting: number): WindowUser & { add(count: number): void } => ({
      get needsRoom() {
        return waiting > 0;
      },
      flush() {
        const count = Math.min(waiting, state.room);
        waiting -= count;
        state.room -= count;
        log.push(`${name} ${count}`);
        return count;
      },
      add(count) {
        waiting += count;
      },
    });
    const share = async (room: number): Promise<readonly string[]> => {
      state.room = room;
      window.shareRoom();
      await settled();
      return log.splice(0);
    };
    return { window, user, share, log, state };
  }

  test("is asked once, after everything else of the same turn", async () => {
    const { window, user, log, state } = bench();
    state.room = 10;
    const a = user("a", 1);
    window.request(a);
    a.add(2);
    window.request(a);
    expect(log).toEqual([]);
    await settled();
    expect(log).toEqual(["a 3"]);
  });

  test("and got no room comes before what got some, so that a backlog cannot starve a single send", async () => {
    const { window, user, share } = bench();
    window.request(user("backlog", 9));
    window.request(user("single", 1));
    expect(await share(2)).toEqual(["backlog 2", "single 0"]);
    expect(await share(2)).toEqual(["single 1", "backlog 1"]);
    expect(await share(2)).toEqual(["backlog 2"]);
  });

  test("is not asked again once it has nothing left, until it requests it", async () => {
    const { window, user, share } = bench();
    const a = user("a", 1);
    window.request(a);
    expect(await share(5)).toEqual(["a 1"]);
    expect(await share(5)).toEqual([]);
    a.add(1);
    window.request(a);
    expect(await share(5)).toEqual(["a 1"]);
  });
});
