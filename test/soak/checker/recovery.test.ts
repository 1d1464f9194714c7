import { expect, test } from "vitest";
import { fault, historyOf, run, sent } from "./histories.ts";
import { recoveriesOf } from "./recovery.ts";

const recoveries = (...parts: Parameters<typeof historyOf>[0]) => Object.fromEntries(recoveriesOf(historyOf(parts)));

test("a worker has recovered when it calls a handler, the server when any does, the sender when a send is confirmed", () => {
  const found = recoveries(
    fault("kill", "worker-1.1", 10, 100),
    fault("hang", "server", 1_000, 1_100),
    fault("cut", "driver", 2_000, 2_001),
    sent("m1", 0, { confirmed: 2_500 }),
    run("m1", "plain", 150, 160, { life: "worker-2.1" }),
    run("m1", "plain", 170, 180, { life: "worker-1.2" }),
    run("m1", "plain", 1_130, 1_140, { life: "worker-2.1" }),
  );
  expect(found).toEqual({
    "worker kill": { faults: 1, times: [70] },
    "server hang": { faults: 1, times: [30] },
    "driver cut": { faults: 1, times: [499] },
  });
});

test("a recovery that another fault has disturbed is not measured", () => {
  const disturbed = { "worker cut": { faults: 1, times: [] } };
  const cut = [fault("cut", "worker-1", 10, 11), sent("m1", 0), run("m1", "plain", 100, 101)];
  expect(recoveries(...cut, fault("hang", "server", 50, 60))).toMatchObject(disturbed);
  expect(recoveries(...cut, fault("hang", "server", 5, 60))).toMatchObject(disturbed);
  expect(recoveries(...cut, fault("stop", "worker-1.1", 50, 60))).toMatchObject(disturbed);
  expect(recoveries(...cut, fault("stop", "worker-2.1", 50, 60))).toMatchObject({ "worker cut": { times: [89] } });
});

test("a fault after which nothing happens has no time", () => {
  expect(recoveries(fault("cut", "worker-1", 10, 11))).toEqual({ "worker cut": { faults: 1, times: [] } });
});
