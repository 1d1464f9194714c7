import { describe, expect, test } from "vitest";
import { deadLettersName, delayStepName, Naming, retryStepName } from "../../src/driver-kit/naming.ts";
import { queue, subscription, topic } from "../entities.ts";

const news = topic("news");

describe("without options", () => {
  const naming = new Naming();

  test("a queue and a topic keep their names", () => {
    expect(naming.queue("orders")).toBe("orders");
    expect(naming.topic("news")).toBe("news");
    expect(naming.source(queue("orders"))).toBe("orders");
  });

  test("a subscription is called after its topic", () => {
    expect(naming.source(subscription(news, "mail"))).toBe("news.sub.mail");
  });
});

describe("with names of entities that exist", () => {
  const naming = new Naming({
    queues: { orders: "legacy-orders" },
    topics: { news: "legacy-news" },
    subscriptions: { "news/mail": "mailer" },
  });

  test("a mapped queue and a mapped topic have those names", () => {
    expect(naming.queue("orders")).toBe("legacy-orders");
    expect(naming.source(queue("orders"))).toBe("legacy-orders");
    expect(naming.topic("news")).toBe("legacy-news");
  });

  test("a mapped subscription has its own name, another one is called after the mapped topic", () => {
    expect(naming.source(subscription(news, "mail"))).toBe("mailer");
    expect(naming.source(subscription(news, "push"))).toBe("legacy-news.sub.push");
    expect(naming.source(subscription(topic("other"), "mail"))).toBe("other.sub.mail");
  });

  test("a name that every object has as a property is a name like any other", () => {
    for (const name of ["constructor", "toString", "__proto__"]) {
      expect(naming.queue(name)).toBe(name);
      expect(naming.topic(name)).toBe(name);
      expect(naming.source(subscription(topic("t"), name))).toBe(`t.sub.${name}`);
    }
  });

  test("a name that is not mapped stays as it is, whatever kind of entity shares it", () => {
    expect(naming.queue("news")).toBe("news");
    expect(naming.topic("orders")).toBe("orders");
  });
});

test("the private places of a queue, topic or subscription are called after it", () => {
  expect(deadLettersName("orders")).toBe("orders.dlq");
  expect(delayStepName("orders", 250)).toBe("orders.delay.250");
  expect(retryStepName("news.sub.mail", 5_000)).toBe("news.sub.mail.retry.5000");
});
