import { expect, test } from "vitest";
import { differenceIn } from "../../src/declaring/queue-or-exchange.ts";

const refused = (difference: string): string =>
  "Operation failed: QueueDeclare; 406 (PRECONDITION-FAILED) with message " +
  `"PRECONDITION_FAILED - inequivalent arg ${difference}"`;

test.each([
  [
    "'x-single-active-consumer' for queue 'q' in vhost '/': received none but current is the value 'true' of type 'bool'",
    { property: "ordered", expected: "false", found: "true" },
  ],
  [
    "'x-single-active-consumer' for queue 'q' in vhost '/': received the value 'true' of type 'bool' but current is none",
    { property: "ordered", expected: "true", found: "false" },
  ],
  [
    "'x-delivery-limit' for queue 'q' in vhost '/': received the value '100' of type 'signedint' but current is none",
    { property: "x-delivery-limit of queue 'q'", expected: "100", found: "none" },
  ],
  [
    "'type' for exchange 't' in vhost '/': received 'topic' but current is 'fanout'",
    { property: "type of exchange 't'", expected: "topic", found: "fanout" },
  ],
] as const)("%s", (text, difference) => {
  expect(differenceIn(refused(text))).toEqual(difference);
});

test("any other text is no difference", () => {
  expect(differenceIn("404 (NOT-FOUND)")).toBeUndefined();
});
