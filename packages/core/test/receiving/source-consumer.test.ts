import { afterEach, describe, expect, test } from "vitest";
import type { ConsumeOptions } from "../../src/api/consuming.ts";
import type { Message } from "../../src/api/message.ts";
import { BrokerError } from "../../src/base/errors.ts";
import type { SourceEntity } from "../../src/contract/entities.ts";
import { Connection } from "../../src/link/connection.ts";
import { Declarations } from "../../src/link/declarations.ts";
import type { HeldMessage } from "../../src/receiving/held-message.ts";
import { singlePlan } from "../../src/receiving/plan.ts";
import { Recollections } from "../../src/receiving/recollections.ts";
import { SourceConsumer } from "../../src/receiving/source-consumer.ts";
import { delivery } from "../deliveries.ts";
import { queue } from "../entities.ts";
import { ServerDouble } from "../link-double.ts";
import { ManualClock, settled } from "../manual-clock.ts";
import { SourceDouble } from "../source-double.ts";

const broken = new BrokerError("UNAVAILABLE", "broken", { retryable: true });

const consumers: SourceConsumer[] = [];
afterEach(() => Promise.all(consumers.splice(0).map((consumer) => consumer.close({ drainTimeout: 0 }))));

interface BenchOptions extends ConsumeOptions {
  readonly entity?: SourceEntity;
  readonly handle?: (message: Message) => unknown;
}

/** A consumer of a queue on a server that the test plays. */
async function bench({ entity = queue("jobs"), handle = () => {}, ...options }: BenchOptions = {}) {
  const clock = new ManualClock();
  const server = new ServerDouble();
  const sources: SourceDouble[] = [];
  server.open = async () => {
    const source = new SourceDouble();
    sources.push(source);
    return source;
  };
  const times = { connectTimeout: 1_000, reconnect: { initial: 1, max: 1 } };
  const connection = new Connection(server.driver, { clock, lease: 1_000, topology: "create" }, times);
  await connection.start(undefined);
  const errors: unknown[] = [];
  const plan = singlePlan(handle, { onError: (error) => errors.push(error), ...options });
  const context = {
    connection,
    declarations: new Declarations(connection),
    propagation: undefined,
    recollections: new Recollections<HeldMessage>(clock),
  };
  const consumer = new SourceConsumer(context, entity, (body) => body, plan);
  consumers.push(consumer);
  return { clock, server, sources, errors, consumer };
}

/** Delivers messages as soon as the source is asked. */
function deliver(source: SourceDouble | undefined, ...ids: readonly string[]): void {
  source?.waiting.push(...ids.map((id) => delivery(id)));
}

const actions = (source: SourceDouble | undefined): readonly string[] =>
  (source?.settled ?? []).flat().map(({ action, delivery: { id } }) => `${action} ${id}`);

describe("a consumer", () => {
  test("declares its source, reads it, and acks what its handler has done", async () => {
    const handled: unknown[] = [];
    const { server, sources, consumer } = await bench({ handle: ({ id }) => handled.push(id) });
    await consumer.start();
    expect(server.declared).toEqual([queue("jobs")]);
    deliver(sources[0], "1", "2");
    await settled();
    await settled();
    expect(handled).toEqual(["1", "2"]);
    expect(actions(sources[0])).toEqual(["ack 1", "ack 2"]);
    expect(consumer.stats()).toMatchObject({ acked: 2, running: 0, waiting: 0 });
  });

  test("whose source cannot be opened for good rejects, and closes with the reason", async () => {
    const { server, consumer } = await bench();
    const forbidden = new BrokerError("FORBIDDEN", "not allowed");
    server.open = () => Promise.reject(forbidden);
    await expect(consumer.start()).rejects.toBe(forbidden);
    expect(await consumer.closed).toBe(forbidden);
  });

  test("whose source cannot be opened for now tries again after 50 to 100 ms, doubled each time", async () => {
    const { clock, server, sources, consumer } = await bench();
    const { open } = server;
    let tries = 0;
    server.open = (entity, options) => {
      tries += 1;
      return tries < 3 ? Promise.reject(broken) : open(entity, options);
    };
    const starting = consumer.start();
    await clock.advance(49);
    expect(tries).toBe(1);
    await clock.advance(51);
    expect(tries).toBe(2);
    await clock.advance(200);
    await starting;
    expect(tries).toBe(3);
    expect(sources).toHaveLength(1);
  });

  test("whose link is lost frees its source, and opens another one on the next link", async () => {
    const { clock, server, sources, consumer } = await bench();
    await consumer.start();
    server.breakLink();
    await clock.advance(10);
    expect(sources).toHaveLength(2);
    expect(sources[0]?.closed.map((signal) => signal.aborted)).toEqual([true]);
  });

  test("whose source ends by itself opens another one", async () => {
    const { clock, sources, errors, consumer } = await bench();
    await consumer.start();
    sources[0]?.end(new Error("cancelled by the broker"));
    await clock.advance(1_000);
    expect(sources).toHaveLength(2);
    expect(errors).toMatchObject([{ message: expect.stringContaining("cancelled by the broker") }]);
  });

  test("whose source cannot be read closes it before it opens another one", async () => {
    const { clock, sources, errors, consumer } = await bench();
    await consumer.start();
    const [first] = sources;
    if (first === undefined) throw new Error("no source was opened");
    first.onReceive = () => {
      throw broken;
    };
    await settled();
    expect(first.closed.map((signal) => signal.aborted)).toEqual([false]);
    expect(sources).toHaveLength(1);
    await clock.advance(100);
    expect(sources).toHaveLength(2);
    expect(errors).toEqual([broken]);
  });

  test("whose source cannot be paused closes it, and is paused with the next one", async () => {
    const { clock, sources, errors, consumer } = await bench();
    await consumer.start();
    const [first] = sources;
    if (first === undefined) throw new Error("no source was opened");
    first.onPause = () => Promise.reject(broken);
    await consumer.pause();
    await clock.advance(100);
    expect(first.closed.map((signal) => signal.aborted)).toEqual([false]);
    expect(sources).toHaveLength(2);
    expect(errors).toEqual([broken]);
  });
});
