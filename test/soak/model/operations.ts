import fc from "fast-check";
import type { Ending, ModelRun, Reference } from "./reference.ts";
import type { Rig } from "./rig.ts";

/** Arguments that fast-check passes to each operation. */
export interface Subject {
  readonly model: Reference;
}

type Operation = fc.AsyncCommand<Subject, Rig>;

/** An operation: when it is possible, and what it does to the model and to the library. */
interface Description {
  readonly title: string;
  readonly possible: (model: Reference) => boolean;
  readonly run: (model: Reference, rig: Rig) => Promise<void> | void;
}

/** After each operation the library must agree with the model. */
function operation({ title, possible, run }: Description): Operation {
  return {
    toString: () => title,
    check: ({ model }) => possible(model),
    async run({ model }, rig) {
      rig.tell(model);
      await run(model, rig);
      await rig.agree(model);
    },
  };
}

const MOST_CONSUMERS = 3;
/** Fewer than the crashes after which a message is given up. */
const MOST_VANISHINGS = 10;
const always = (): boolean => true;

function chosen<T>(choices: readonly T[], at: number): T {
  const choice = choices[at % choices.length];
  if (choice === undefined) throw new Error("nothing to choose from");
  return choice;
}

const anyFailure: fc.Arbitrary<Ending> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ by: "throw" } as const) },
  { weight: 1, arbitrary: fc.record({ by: fc.constant("retry" as const), delay: fc.nat(300) }) },
  { weight: 1, arbitrary: fc.constant({ by: "deadLetter" } as const) },
);

const anyEnding: fc.Arbitrary<Ending> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ by: "return" } as const) },
  { weight: 1, arbitrary: fc.constant({ by: "ack" } as const) },
  { weight: 5, arbitrary: anyFailure },
);

const anyRun = fc.nat(20);
const anyConsumer = fc.nat(MOST_CONSUMERS);

function endOf(rig: Rig, model: Reference, run: ModelRun, ending: Ending): void {
  model.end(run, ending);
  rig.end(run.name, ending);
}

/** Resolves when handlers that were told to end have returned, and their settlements are not on their way yet. */
async function decided(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

/** The settings of the queue that the operations need. */
export interface OperationOptions {
  readonly ordered: boolean;
  /** Whether the driver may report an ack that the server does not have yet, so that a cut may repeat the handler. */
  readonly acksEarly: boolean;
  /** Whether the server gives back at once what a vanished process held. */
  readonly noticesVanishing: boolean;
}

/** Every operation on a queue. */
export function operations({ ordered, acksEarly, noticesVanishing }: OperationOptions): fc.Arbitrary<Operation>[] {
  let sent = 0;
  const delays = ordered ? fc.constant(0) : fc.oneof(fc.constant(0), fc.nat(300));
  return [
    fc.record({ key: fc.constantFrom("a", "b", "c"), delay: delays }).map(({ key, delay }) =>
      operation({
        title: `send(${key}${delay > 0 ? `, delay ${delay}` : ""})`,
        possible: always,
        async run(model, rig) {
          sent += 1;
          model.send(`m${sent}`, key, delay);
          await rig.during(rig.queue.send(null, { id: `m${sent}`, key, ...(delay > 0 && { delay }) }));
        },
      }),
    ),
    fc.integer({ min: 1, max: 3 }).map((concurrency) =>
      operation({
        title: `consume(${concurrency})`,
        possible: (model) => model.consumersThat("not closed").length < MOST_CONSUMERS,
        async run(model, rig) {
          model.consume(concurrency);
          await rig.consume(concurrency);
        },
      }),
    ),
    fc.tuple(anyRun, anyEnding).map(([at, ending]) =>
      operation({
        title: `end(run ${at}, ${JSON.stringify(ending)})`,
        possible: ({ runs }) => runs.length > 0,
        run: (model, rig) => endOf(rig, model, chosen(model.runs, at), ending),
      }),
    ),
    fc.tuple(anyRun, acksEarly ? anyFailure : anyEnding).map(([at, ending]) =>
      operation({
        title: `end(run ${at}, ${JSON.stringify(ending)}), cut`,
        // A settlement that the cut has lost is repeated when a consumer gets the message again.
        possible: (model) => model.runs.length > 0 && model.consumersThat("open").length > 0,
        async run(model, rig) {
          endOf(rig, model, chosen(model.runs, at), ending);
          await decided();
          await rig.cut();
          rig.tell(model);
          model.cut();
        },
      }),
    ),
    anyConsumer.map((at) =>
      operation({
        title: `pause(consumer ${at})`,
        possible: (model) => model.consumersThat("open").length > 0,
        run(model, rig) {
          const consumer = chosen(model.consumersThat("open"), at);
          model.pause(consumer);
          rig.pause(consumer);
        },
      }),
    ),
    anyConsumer.map((at) =>
      operation({
        title: `resume(consumer ${at})`,
        possible: (model) => model.consumersThat("paused").length > 0,
        async run(model, rig) {
          const consumer = chosen(model.consumersThat("paused"), at);
          model.resume(consumer);
          await rig.resume(consumer);
        },
      }),
    ),
    anyConsumer.map((at) =>
      operation({
        title: `close(consumer ${at})`,
        possible: (model) => model.consumersThat("not closed").length > 0,
        async run(model, rig) {
          const consumer = chosen(model.consumersThat("not closed"), at);
          model.close(consumer);
          await rig.close(consumer);
        },
      }),
    ),
    fc.constant(
      operation({
        title: "cut",
        possible: always,
        async run(model, rig) {
          await rig.cut();
          rig.tell(model);
          model.cut();
        },
      }),
    ),
    fc.constant(
      operation({
        title: "vanish",
        possible: ({ vanishings }) => noticesVanishing && vanishings < MOST_VANISHINGS,
        async run(model, rig) {
          await rig.vanish();
          rig.tell(model);
          model.vanish();
        },
      }),
    ),
    fc
      .nat(400)
      .map((ms) => operation({ title: `wait(${ms})`, possible: always, run: (_, rig) => rig.subject.pass(ms) })),
    fc.constant(
      operation({
        title: "replay one dead letter",
        possible: ({ dead }) => dead.length > 0,
        async run(model, rig) {
          const [oldest] = await rig.deadLetters();
          rig.tell(model);
          model.replayDead(1);
          await rig.during(rig.queue.deadLetters.replay({ ids: [oldest?.deadLetterId ?? ""] }));
        },
      }),
    ),
    fc.constant(
      operation({
        title: "replay all dead letters",
        possible: ({ dead }) => dead.length > 0,
        async run(model, rig) {
          model.replayDead(model.dead.length);
          await rig.during(rig.queue.deadLetters.replay({ all: true }));
        },
      }),
    ),
    fc.constant(
      operation({
        title: "remove all dead letters",
        possible: ({ dead }) => dead.length > 0,
        async run(model, rig) {
          model.removeDead();
          await rig.during(rig.queue.deadLetters.remove({ all: true }));
        },
      }),
    ),
  ];
}

/** Lets every handler succeed until nothing is left, and compares the dead letters. */
export async function finish(model: Reference, rig: Rig): Promise<void> {
  for (const consumer of model.consumersThat("not closed")) {
    rig.tell(model);
    model.close(consumer);
    await rig.close(consumer);
  }
  rig.tell(model);
  model.consume(2);
  await rig.consume(2);
  await rig.agree(model);
  while (model.size > 0) {
    for (const run of model.runs) endOf(rig, model, run, { by: "return" });
    await rig.agree(model);
    if (model.runs.length === 0) await rig.subject.pass(50);
  }
  for (const run of model.runs) endOf(rig, model, run, { by: "return" });
  const letters = await rig.deadLetters();
  const dead = letters.map(({ id, reason, attempts }) => ({ id, reason, attempts }));
  if (JSON.stringify(dead) !== JSON.stringify(model.dead)) {
    throw new Error(`the dead letters are ${JSON.stringify(dead)}, not ${JSON.stringify(model.dead)}`);
  }
}
