import { AssignerProtocol } from "kafkajs";
import { expect, test } from "vitest";
import { readAssignment, readWish, writeAssignment, writeWish } from "../../src/protocol/group-protocol.ts";
import type { Place } from "../../src/protocol/topic-partition.ts";

const places = (topic: string, ...partitions: readonly number[]): Place[] =>
  partitions.map((partition) => ({ topic, partition }));

test("other clients can read what a member asks for and what it gets, and we what they write", () => {
  const wish = { topics: ["q", "q.retry.250"], owned: places("q", 0, 2) };
  expect(AssignerProtocol.MemberMetadata.decode(writeWish(wish))?.topics).toEqual(wish.topics);
  expect(readWish(writeWish(wish))).toEqual(wish);
  const theirs = AssignerProtocol.MemberMetadata.encode({ version: 1, topics: ["a"], userData: Buffer.alloc(0) });
  expect(readWish(theirs)).toEqual({ topics: ["a"], owned: [] });
  const share = [...places("q", 0, 2), ...places("q.retry.250", 0)];
  expect(AssignerProtocol.MemberAssignment.decode(writeAssignment(share))?.assignment).toEqual({
    q: [0, 2],
    "q.retry.250": [0],
  });
  expect(readAssignment(writeAssignment(share))).toEqual(share);
  expect(readAssignment(Buffer.alloc(0))).toEqual([]);
});
