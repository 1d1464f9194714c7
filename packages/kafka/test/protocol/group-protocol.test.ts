import { AssignerProtocol } from "kafkajs";
import { expect, test } from "vitest";
import {
  decodeAssignment,
  decodeMemberMetadata,
  encodeAssignment,
  encodeMemberMetadata,
} from "../../src/protocol/group-protocol.ts";
import type { TopicPartition } from "../../src/protocol/topic-partition.ts";

const places = (topic: string, ...partitions: readonly number[]): TopicPartition[] =>
  partitions.map((partition) => ({ topic, partition }));

test("other clients can decode our metadata and assignments, and we can decode theirs", () => {
  const wish = { topics: ["q", "q.retry.250"], owned: places("q", 0, 2), inUse: places("q", 2) };
  expect(AssignerProtocol.MemberMetadata.decode(encodeMemberMetadata(wish))?.topics).toEqual(wish.topics);
  expect(decodeMemberMetadata(encodeMemberMetadata(wish))).toEqual(wish);
  const theirs = AssignerProtocol.MemberMetadata.encode({ version: 1, topics: ["a"], userData: Buffer.alloc(0) });
  expect(decodeMemberMetadata(theirs)).toEqual({ topics: ["a"], owned: [], inUse: [] });
  const share = [...places("q", 0, 2), ...places("q.retry.250", 0)];
  expect(AssignerProtocol.MemberAssignment.decode(encodeAssignment(share))?.assignment).toEqual({
    q: [0, 2],
    "q.retry.250": [0],
  });
  expect(decodeAssignment(encodeAssignment(share))).toEqual(share);
  expect(decodeAssignment(Buffer.alloc(0))).toEqual([]);
});
