// What must and must not compile. Nothing here is run; `tsc -b` is the test.
import {
  type Broker,
  type Capabilities,
  type Codec,
  connect,
  json,
  type Message,
  type Queue,
  type StandardSchema,
  text,
} from "@anybroker/core";
import type { Declared, Driver } from "@anybroker/core/driver";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const is = <T extends true>(): T | undefined => undefined;

type Lacking = Capabilities & {
  readonly "delay.send": "none";
  readonly "delay.publish": "none";
  readonly priority: "none";
  readonly ttl: "none";
  readonly filter: "none";
  readonly from: "none";
  readonly ephemeral: "none";
  readonly ordering: "none";
};

declare const lacking: Broker<Lacking>;
declare const anyBroker: Broker;
declare const driver: Driver<Lacking, { readonly client: string }>;
declare const schema: StandardSchema<{ readonly to: string }, { readonly to: string; readonly at: Date }>;

export async function options(): Promise<void> {
  await anyBroker.queue("emails").send(1, { delay: 5, ttl: 5, priority: 1, deliverAt: new Date() });
  await lacking.queue("emails").send(1, { id: "1", key: "k", headers: { a: "b" }, timeout: 5 });
  // @ts-expect-error: this driver has no delayed sends
  await lacking.queue("emails").send(1, { delay: 5 });
  // @ts-expect-error: nor a time to deliver at
  await lacking.queue("emails").send(1, { deliverAt: new Date() });
  // @ts-expect-error: nor delayed publishes
  await lacking.topic("events").publish(1, { delay: 5 });
  // @ts-expect-error: nor an expiry
  await lacking.queue("emails").send(1, { ttl: 5 });
  // @ts-expect-error: nor priorities
  await lacking.queue("emails").send(1, { priority: 5 });
  // @ts-expect-error: nor order by key
  lacking.queue("emails", { ordered: true });
  // @ts-expect-error: nor filters
  lacking.topic("events").subscription("all", { filter: { a: "b" } });
  // @ts-expect-error: nor replay from the earliest
  lacking.topic("events").subscription("all", { from: "earliest" });
  // @ts-expect-error: an option that no driver has
  await anyBroker.queue("emails").send(1, { dely: 5 });
}

export async function bodies(): Promise<void> {
  const emails = anyBroker.queue("emails", { schema });
  await emails.send({ to: "ada@example.com" });
  // @ts-expect-error: the schema asks for a `to`
  await emails.send({ from: "ada@example.com" });
  await emails.consume((message) => {
    is<Equal<typeof message.body, { readonly to: string; readonly at: Date }>>();
    return message.body.at.getTime();
  });
  await emails.consumeBatch((messages) => {
    is<Equal<(typeof messages)[number], Message<{ readonly to: string; readonly at: Date }>>>();
  });
  const words = anyBroker.queue("words", { codec: text });
  await words.consume(({ body }) => body.toUpperCase());
  // @ts-expect-error: a text queue takes text
  await words.send(5);
  await anyBroker.queue("whatever").consume(({ body }) => {
    is<Equal<typeof body, unknown>>();
  });
}

interface Visit {
  readonly page: string;
  readonly at: Date;
}

interface Page {
  readonly page: string;
}

declare const packed: Codec<Visit>;
declare const lossy: Codec<Visit, Page>;

export async function jsonBodies(): Promise<void> {
  const visits = anyBroker.queue<Visit>("visits", { ordered: true });
  is<Equal<typeof visits, Queue<Declared, Visit, { readonly page: string; readonly at: string }>>>();
  is<Equal<typeof visits, Queue<Declared, Visit>>>();
  await visits.send({ page: "/", at: new Date() });
  // @ts-expect-error: a sent body has the type of the program, not the type of what arrives
  await visits.send({ page: "/", at: "now" });
  await visits.consume(({ body }) => {
    is<Equal<typeof body, { readonly page: string; readonly at: string }>>();
    // @ts-expect-error: JSON has no dates
    body.at.getTime();
  });
  await anyBroker.topic<Visit>("visited").subscribe("log", ({ body }) => is<Equal<typeof body.at, string>>());
  await anyBroker.queue<Page>("pages").consume(({ body }) => is<Equal<typeof body, Page>>());
  await anyBroker.queue<Visit>("visits", { codec: json }).consume(({ body }) => is<Equal<typeof body.at, string>>());
  await anyBroker.queue<Visit, Page>("visits").consume(({ body }) => is<Equal<typeof body, Page>>());
}

export async function ownCodecs(): Promise<void> {
  await anyBroker.queue<Visit>("visits", { codec: packed }).consume(({ body }) => is<Equal<typeof body, Visit>>());
  await anyBroker.queue("visits", { codec: packed }).consume(({ body }) => is<Equal<typeof body, Visit>>());
  await anyBroker.topic("visits", { codec: packed }).subscribe("log", ({ body }) => is<Equal<typeof body, Visit>>());
  await anyBroker.queue("visits", { codec: lossy }).consume(({ body }) => is<Equal<typeof body, Page>>());
  // @ts-expect-error: this codec does not give back what it takes
  anyBroker.queue<Visit>("visits", { codec: text });
  const both = anyBroker.queue("emails", { schema, codec: json });
  await both.consume(({ body }) => is<Equal<typeof body.at, Date>>());
}

export function aBrokerOfAnyDriver(): readonly Broker[] {
  return [lacking, anyBroker];
}

export async function native(): Promise<string | undefined> {
  const broker = await connect(driver);
  // @ts-expect-error: the broker is typed by its driver's capabilities
  await broker.queue("emails").send(1, { delay: 5 });
  return broker.native?.client;
}
