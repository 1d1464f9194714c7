import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AdminResponse } from "../../src/admin/http.ts";
import { emulatorForTest } from "../with-emulator.ts";
import { apiForTest, detailOf, entry } from "./raw-api.ts";

describe("a request that is not well-formed is refused with the reason:", () => {
  test.each([
    ["PUT", "/q", "", "400", "The body of the request is not XML"],
    ["PUT", "/q", "<entry>", "400", "The body of the request is not XML"],
    ["PUT", "/q", "<entry/><entry/>", "400", "A document has one root element."],
    ["PUT", "/q", "<entry/>", "400", "is not an Atom entry with a description"],
    ["PUT", "/q", entry(""), "400", "is not an Atom entry with a description"],
    ["PUT", "/q", entry("<RelayDescription/>"), "400", "describes neither a queue nor a topic"],
    [
      "PUT",
      "/q",
      entry("<QueueDescription><MaxDeliveryCount>ten</MaxDeliveryCount></QueueDescription>"),
      "400",
      "'MaxDeliveryCount'",
    ],
    ["PUT", "/q", entry("<QueueDescription><Status>Odd</Status></QueueDescription>"), "400", "The value 'Odd'"],
    ["PUT", "/t/Subscriptions/s", entry("<QueueDescription/>"), "400", "A SubscriptionDescription is expected"],
    [
      "PUT",
      "/t/Subscriptions/s/Rules/r",
      entry('<RuleDescription><Filter i:type="Odd" xmlns:i="x"/></RuleDescription>'),
      "404",
      "",
    ],
    ["GET", "/%zz", "", "400", "not URL-encoded"],
    ["GET", "/t/Subscriptions/s/Rules/r/x", "", "404", "SubCode=40400"],
    ["GET", "/t/Subscriptions/s/Tools/r", "", "404", "SubCode=40400"],
    ["POST", "/q", "", "405", "The method POST is not allowed here."],
    ["PUT", "/", entry("<QueueDescription/>"), "405", "not allowed"],
    ["GET", "/$Resources/queues?$skip=-1", "", "400", "Parameter 'skip' should be non-negative integer."],
    ["GET", "/$Resources/queues?$top=x", "", "400", "Parameter 'top' should be non-negative integer."],
  ])("%s %s %s", (method, target, body, status, detail) => {
    const send = apiForTest();
    send("PUT", "/t", entry("<TopicDescription/>"));
    const response = send(method, target, body);
    expect(String(response.status)).toBe(status);
    expect(detailOf(response)).toContain(detail);
    expect(detailOf(response)).toMatch(/TrackingId:.+, SystemTracker:h:.*, Timestamp:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);
  });

  test("a rule with a filter or a value of an unknown type", () => {
    const send = apiForTest();
    send("PUT", "/t", entry("<TopicDescription/>"));
    send("PUT", "/t/Subscriptions/s", entry("<SubscriptionDescription/>"));
    const rule = (filter: string): AdminResponse =>
      send("PUT", "/t/Subscriptions/s/Rules/r", entry(`<RuleDescription xmlns:i="x">${filter}</RuleDescription>`));
    expect(detailOf(rule('<Filter i:type="OddFilter"/>'))).toContain("'OddFilter' is no type of a filter.");
    expect(detailOf(rule('<Filter i:type="SqlFilter"/>'))).toContain("The SqlExpression is missing.");
    const value = '<Key>a</Key><Value i:type="d:odd">1</Value>';
    const pair = `<KeyValueOfstringanyType>${value}</KeyValueOfstringanyType>`;
    const filter = `<Filter i:type="CorrelationFilter"><Properties>${pair}</Properties></Filter>`;
    expect(detailOf(rule(filter))).toContain("The type 'odd' of the value of 'a' is not supported.");
  });
});

test("XML is read whatever its prefixes are, with escaped characters, CDATA and comments", () => {
  const send = apiForTest();
  const body = `<?xml version="1.0" encoding="utf-8"?>
    <a:entry xmlns:a="http://www.w3.org/2005/Atom" xmlns:b="x"><!-- c --><a:content type="application/xml">
      <b:QueueDescription><b:UserMetadata>&lt;&#65;&amp;<![CDATA[<b>]]></b:UserMetadata></b:QueueDescription>
    </a:content></a:entry>`;
  const created = send("PUT", "/q", body);
  expect(created.status).toBe(201);
  expect(created.body).toContain("<UserMetadata>&lt;A&amp;&lt;b&gt;</UserMetadata>");
});

test("any request gets a response", () => {
  const send = apiForTest();
  const part = fc.oneof(
    fc.constantFrom(
      "q",
      "t",
      "$Resources",
      "queues",
      "Subscriptions",
      "Rules",
      "$namespaceinfo",
      "..",
      "%20",
      "?$top=1",
      "",
    ),
    fc.string({ maxLength: 10 }),
  );
  const xml = fc.constantFrom(
    "QueueDescription",
    "TopicDescription",
    "SubscriptionDescription",
    "RuleDescription",
    "x",
  );
  const body = fc.oneof(
    fc.string(),
    xml.map((name) => entry(`<${name}/>`)),
  );
  fc.assert(
    fc.property(
      fc.constantFrom("GET", "PUT", "DELETE", "PATCH"),
      fc.array(part, { maxLength: 6 }),
      body,
      fc.boolean(),
      (method, parts, text, update) => {
        const { status } = send(method, `/${parts.join("/")}`, text, update ? { "if-match": "*" } : {});
        expect([200, 201, 400, 404, 405, 409]).toContain(status);
      },
    ),
    { numRuns: 1000 },
  );
});

test("a body that is too large is refused, and the emulator goes on", async () => {
  const { port } = await emulatorForTest();
  const url = `http://127.0.0.1:${port}/q`;
  const response = await fetch(url, { method: "PUT", body: "x".repeat(300_000) });
  expect(response.status).toBe(413);
  expect((await fetch(url)).status).toBe(401);
});
