import { format } from "node:util";
import { expect, test } from "vitest";
import { BrokerError } from "../../src/base/errors.ts";
import { Log, type LogFields, type Logger } from "../../src/base/log.ts";

const broker = { name: "shop", system: "double", address: "double:" };
const source = { queue: "orders" };

/** A line as `console` prints it, and its fields. */
function written(write: (log: Log) => void): readonly [printed: string, fields: LogFields] {
  const lines: [string, LogFields][] = [];
  const add = (text: string, fields: LogFields): void => void lines.push([format(text, fields), { ...fields }]);
  const logger: Logger = { debug: add, info: add, warn: add, error: add };
  write(new Log(logger, broker));
  expect(lines).toHaveLength(1);
  return lines[0] ?? ["", {}];
}

test("`console` prints a line and the name of the broker; the fields are there for programs", () => {
  const error = new BrokerError("UNAVAILABLE", "connection lost");
  expect(written((log) => log.warn("connection lost", { error }))).toEqual([
    "connection lost (shop)",
    { broker, error },
  ]);
});

test("`console` prints the stack and the cause of an error of a handler, without the text of the error again", () => {
  const error = new RangeError("no such customer", { cause: new Error("connection to the database lost") });
  const fields = { source, id: "1", attempt: 2, error };
  const [printed, given] = written((log) => log.warn("orders: RangeError: no such customer", fields));
  expect(printed).toMatch(/^orders: RangeError: no such customer \(shop\)\n {4}at .*log\.test\.ts/);
  expect(printed.match(/no such customer/g)).toHaveLength(1);
  expect(printed).toContain("[cause]: Error: connection to the database lost");
  expect(given).toEqual({ broker, ...fields });
});
