import type { Channel } from "amqplib";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Acks } from "../../src/acknowledging/acks.ts";
import { deliveryOf } from "../../src/wire.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** The server's side of a channel: the tags that are unsettled, and the acks it received. */
function serverSide() {
  const unsettled = new Set<number>();
  const frames: string[] = [];
  const channel = {
    ack({ fields: { deliveryTag: tag } }: { fields: { deliveryTag: number } }, multiple = false): void {
      if (!unsettled.has(tag)) throw new Error(`406: unknown delivery tag ${tag}`);
      for (const one of unsettled) if (one === tag || (multiple && one < tag)) unsettled.delete(one);
      frames.push(multiple ? `≤${tag}` : String(tag));
    },
  };
  // The cast is true of everything that is called.
  return { unsettled, frames, channel: channel as unknown as Channel };
}

function delivered(window: number, count: number) {
  const { unsettled, frames, channel } = serverSide();
  const acks = new Acks(channel);
  acks.maxHeldBack = Math.floor(window / 2);
  const deliveries = Array.from({ length: count }, (_, index) => {
    const deliveryTag = index + 1;
    unsettled.add(deliveryTag);
    // The cast is true: nothing else of the message is read.
    const delivery = deliveryOf({ properties: {}, fields: { deliveryTag } } as never, "q");
    acks.add(delivery);
    return delivery;
  });
  const ack = (...tags: readonly number[]): void => {
    for (const tag of tags) {
      const delivery = deliveries[tag - 1];
      if (delivery !== undefined) delivery.state = "acked";
    }
    expect(acks.flush()).toBeUndefined();
  };
  return { unsettled, frames, acks, deliveries, ack };
}

test("acks in order go in one frame", () => {
  const { frames, ack } = delivered(10, 10);
  ack(1, 2, 3);
  ack(4);
  expect(frames).toEqual(["≤3", "≤4"]);
});

test("an ack out of order waits until the gap closes", () => {
  const { frames, ack } = delivered(10, 10);
  ack(2, 3);
  expect(frames).toEqual([]);
  ack(1);
  expect(frames).toEqual(["≤3"]);
});

test("no more acks than half a window are held back", () => {
  const { frames, unsettled, ack } = delivered(6, 10);
  ack(2, 3, 4);
  expect(frames).toEqual([]);
  ack(5);
  expect(frames).toEqual(["2", "3", "4", "5"]);
  expect(unsettled).toEqual(new Set([1, 6, 7, 8, 9, 10]));
});

test("no ack is held back for long", () => {
  const { frames, ack } = delivered(10, 10);
  ack(2);
  vi.advanceTimersByTime(50);
  expect(frames).toEqual(["2"]);
  ack(1, 3);
  expect(frames).toEqual(["2", "≤3"]);
});

test("a frame never ends with a delivery that was settled before", () => {
  const { frames, unsettled, deliveries, ack } = delivered(10, 4);
  const third = deliveries[2];
  if (third === undefined) throw new Error("there is no third delivery");
  third.state = "finished";
  unsettled.delete(3);
  ack(2);
  ack(1);
  expect(frames).toEqual(["≤2"]);
  ack(4);
  expect(unsettled.size).toBe(0);
});

test("the end returns what was unsettled, and nothing more is written", () => {
  const { frames, acks, deliveries, ack } = delivered(10, 4);
  ack(2);
  expect(acks.end()).toEqual([deliveries[0], deliveries[2], deliveries[3]]);
  vi.advanceTimersByTime(50);
  expect(frames).toEqual([]);
});

test("in any order, everything that was acked arrives, nothing else does, and no frame is refused", () => {
  let seed = 7;
  const random = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed % below;
  };
  for (let round = 0; round < 200; round += 1) {
    const count = 1 + random(60);
    const { unsettled, acks, deliveries, ack } = delivered(1 + random(40), count);
    const left = deliveries.map((_, index) => index + 1);
    const kept = new Set(left.filter(() => random(10) === 0));
    while (left.length > 0) {
      const tags = Array.from({ length: 1 + random(5) }, () => left.splice(random(left.length), 1)).flat();
      for (const tag of tags.filter((one) => random(8) === 0 && !kept.has(one))) {
        const delivery = deliveries[tag - 1];
        if (delivery !== undefined) delivery.state = "finished";
        unsettled.delete(tag);
        tags.splice(tags.indexOf(tag), 1);
      }
      ack(...tags.filter((tag) => !kept.has(tag)));
      if (random(5) === 0) vi.advanceTimersByTime(30);
    }
    expect(acks.flush(0)).toBeUndefined();
    expect(unsettled).toEqual(kept);
  }
});
