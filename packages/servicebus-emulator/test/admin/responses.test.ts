import { expect, test } from "vitest";
import { childrenOf, childText, parseXml, type XmlElement } from "../../src/admin/xml.ts";
import { apiForTest, detailOf, entry } from "./raw-api.ts";

const update = { "if-match": "*" };

const described = (body: string): XmlElement => {
  const [content] = childrenOf(parseXml(body), "content");
  const description = content?.children.find((node) => typeof node !== "string");
  if (description === undefined) throw new Error("the response has no description");
  return description;
};

test("a new queue is returned without its counts, and a get has them", () => {
  const send = apiForTest();
  const created = send("PUT", "/q", entry("<QueueDescription/>"));
  expect([created.status, created.headers["content-type"]]).toEqual([
    201,
    "application/atom+xml;type=entry;charset=utf-8",
  ]);
  expect(childText(described(created.body), "MessageCount")).toBe("0");
  expect(childrenOf(described(created.body), "CountDetails")).toEqual([]);
  expect(childrenOf(described(created.body), "AccessedAt")).toEqual([]);
  const [counts] = childrenOf(described(send("GET", "/q").body), "CountDetails");
  expect(counts?.children.map((node) => typeof node !== "string" && node.name)).toEqual([
    "ActiveMessageCount",
    "DeadLetterMessageCount",
    "ScheduledMessageCount",
    "TransferMessageCount",
    "TransferDeadLetterMessageCount",
  ]);
});

test("an update resets what it does not name, except what cannot be changed", () => {
  const send = apiForTest();
  const description = "<RequiresSession>true</RequiresSession><MaxDeliveryCount>3</MaxDeliveryCount>";
  send("PUT", "/q", entry(`<QueueDescription>${description}</QueueDescription>`));
  const updated = send(
    "PUT",
    "/q",
    entry("<QueueDescription><LockDuration>PT2M</LockDuration></QueueDescription>"),
    update,
  );
  expect(updated.status).toBe(200);
  const names = ["LockDuration", "RequiresSession", "MaxDeliveryCount"];
  expect(names.map((name) => childText(described(updated.body), name))).toEqual(["PT2M", "true", "10"]);
});

test("an update cannot make a topic of a queue", () => {
  const send = apiForTest();
  send("PUT", "/x", entry("<QueueDescription/>"));
  const refused = send("PUT", "/x", entry("<TopicDescription/>"), update);
  expect(refused.status).toBe(409);
  expect(detailOf(refused)).toContain("SubCode=40900. Conflict.");
  expect(described(send("GET", "/x").body).name).toBe("QueueDescription");
});

test("a page has 100 entries at most, and a link to the next one", () => {
  const send = apiForTest();
  for (let index = 0; index < 101; index++) send("PUT", `/q${index}`, entry("<QueueDescription/>"));
  for (const query of ["?api-version=2021-05", "?api-version=2021-05&$top=500"]) {
    const feed = parseXml(send("GET", `/$Resources/Queues${query}`).body);
    expect(childrenOf(feed, "entry")).toHaveLength(100);
    const next = childrenOf(feed, "link").find(({ attributes }) => attributes.rel === "next");
    expect(next?.attributes.href).toBe("http://h/$Resources/Queues?api-version=2021-05&$skip=100&$top=100");
  }
  const last = parseXml(send("GET", "/$Resources/Queues?$skip=100&$top=100").body);
  expect(childrenOf(last, "entry")).toHaveLength(1);
  expect(childrenOf(last, "link").map(({ attributes }) => attributes.rel)).toEqual(["self"]);
});

test("the types and the texts of a rule stay as they were written", () => {
  const send = apiForTest();
  send("PUT", "/t", entry("<TopicDescription/>"));
  send("PUT", "/t/subscriptions/s", entry("<SubscriptionDescription/>"));
  const values = [
    ["string", " a  b "],
    ["int", "2"],
    ["long", "2147483650"],
    ["double", "1.50"],
    ["boolean", "false"],
    ["dateTime", "2020-07-05T11:12:13"],
    ["duration", "P1DT2H3M"],
  ] as const;
  const pairs = values.map(
    ([type, text]) =>
      `<KeyValueOfstringanyType><Key>${type}</Key><Value p:type="x:${type}">${text}</Value></KeyValueOfstringanyType>`,
  );
  const filter = `<Filter p:type="CorrelationFilter"><Properties>${pairs.join("")}</Properties></Filter>`;
  const body = entry(`<RuleDescription xmlns:p="i" xmlns:x="x">${filter}</RuleDescription>`);
  expect(send("PUT", "/t/subscriptions/s/rules/r", body).status).toBe(201);
  const read = send("GET", "/t/subscriptions/s/rules/r").body;
  for (const [type, text] of values)
    expect(read).toMatch(new RegExp(`<Value i:type="d6p1:${type}" [^>]*>${text}</Value>`));
});
