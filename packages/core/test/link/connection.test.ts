import { describe, expect, test } from "vitest";
import { outboxBench } from "../sending/outbox-bench.ts";

const RECONNECT = { initial: 200, max: 30_000 };

describe("after an outage", () => {
  test.each([9_000, 17_000, 25_000])(
    "of %i ms, sends succeed whose deadline is 5 s later, however the jitter falls",
    async (outage) => {
      for (let run = 0; run < 30; run += 1) {
        const { clock, server, send, fates } = await outboxBench({ reconnect: RECONNECT });
        server.onSend = (call) => call.acceptAll();
        server.reachable = false;
        server.breakLink();
        await clock.advance(100);
        for (const id of ["1", "2", "3"]) void send(id, { timeout: outage + 4_900 });
        await clock.advance(outage);
        server.reachable = true;
        await clock.advance(5_000);
        expect([...fates.values()]).toEqual(["accepted", "accepted", "accepted"]);
      }
    },
  );

  test("a send that comes late does not wait for an attempt that was to come later still", async () => {
    for (let run = 0; run < 30; run += 1) {
      const { clock, server, send, fates } = await outboxBench({ reconnect: RECONNECT });
      server.onSend = (call) => call.acceptAll();
      server.reachable = false;
      server.breakLink();
      // Nothing waits, so the waits between attempts grow to half a minute.
      await clock.advance(600_000);
      server.reachable = true;
      void send("1", { timeout: 5_000 });
      await clock.advance(2_100);
      expect(fates.get("1")).toBe("accepted");
    }
  });
});

test("while nothing waits for the connection, attempts become rare", async () => {
  const { clock, server, connection } = await outboxBench({ reconnect: RECONNECT });
  let attempts = 0;
  const { connect } = server.driver;
  server.driver.connect = (...call) => {
    attempts += 1;
    return connect(...call);
  };
  server.reachable = false;
  server.breakLink();
  await clock.advance(60_000);
  attempts = 0;
  await clock.advance(600_000);
  expect(attempts).toBeGreaterThan(10);
  expect(attempts).toBeLessThan(120);
  await connection.close();
});
