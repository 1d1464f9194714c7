import { describe, expect, test } from "vitest";
import { LEASE_LOST, refused } from "../../src/driver-kit/failures.ts";
import { LeaseBook, type LeasedDelivery } from "../../src/driver-kit/lease-book.ts";
import { delivery } from "../deliveries.ts";
import { ManualClock } from "../manual-clock.ts";

const LEASE = 1_000;

function book() {
  const clock = new ManualClock();
  const leases = new LeaseBook<LeasedDelivery>(clock, LEASE);
  const received = (id: string): LeasedDelivery => {
    const until = leases.endFromNow();
    return { ...delivery(id), leaseUntil: until, heldUntil: until };
  };
  return { clock, leases, received };
}

describe("a delivery", () => {
  test("is held until its lease ends", async () => {
    const { clock, leases, received } = book();
    const first = received("a");
    await clock.advance(LEASE - 1);
    const second = received("b");
    expect(leases.stillHeld([first, second])).toEqual([first, second]);
    await clock.advance(1);
    expect(leases.stillHeld([first, second])).toEqual([second]);
  });

  test("is surely held while more than a quarter of its lease is left", async () => {
    const { clock, leases, received } = book();
    const one = received("a");
    await clock.advance(LEASE * 0.75 - 1);
    expect(one.heldUntil).toBeGreaterThan(leases.surelyHeldAfter());
    await clock.advance(1);
    expect(one.heldUntil).toBe(leases.surelyHeldAfter());
    expect(leases.stillHeld([one])).toEqual([one]);
  });
});

describe("a renewal", () => {
  test("counts from its request, not from its response", async () => {
    const { clock, leases, received } = book();
    const one = received("a");
    await clock.advance(400);
    const ends = await leases.extend([one], async () => {
      await clock.advance(200);
      return [undefined];
    });
    expect(ends).toEqual([400 + LEASE]);
    expect(one.heldUntil).toBe(400 + LEASE);
  });

  test("has no end for a delivery that was lost, and leaves that one's end as it was", async () => {
    const { clock, leases, received } = book();
    const lost = received("a");
    const kept = received("b");
    await clock.advance(400);
    expect(await leases.extend([lost, kept], async () => [LEASE_LOST, undefined])).toEqual([undefined, 400 + LEASE]);
    expect(lost.heldUntil).toBe(LEASE);
  });

  test("that failed for a delivery which is not lost throws, and renews none", async () => {
    const { clock, leases, received } = book();
    const [one, other] = [received("a"), received("b")];
    await clock.advance(400);
    const error = new Error("server busy");
    await expect(leases.extend([one, other], async () => [undefined, refused(error)])).rejects.toBe(error);
    expect([one.heldUntil, other.heldUntil]).toEqual([LEASE, LEASE]);
  });
});
