import { randomBytes } from "node:crypto";
import type { DeadLetters } from "@anybroker/core";
import { fileChanges, uploads } from "./service.ts";
import type { Stage } from "./stage.ts";

const KB = 1024;

/** The whole story, from the first file to the last. */
export async function story(stage: Stage): Promise<void> {
  await atWork(stage);
  await notifierAway(stage);
  await workerCrashes(stage);
  await poison(stage);
}

async function atWork(stage: Stage): Promise<void> {
  stage.view.act(
    "1  Files change in a folder",
    "The watcher tells the broker of every change. The indexer and the notifier each get a copy of\nevery event. Uploads wait in a queue, and two workers share them.",
  );
  await Promise.all([
    stage.enter("watcher", "watcher"),
    stage.enter("indexer", "indexer"),
    stage.enter("notifier", "notifier"),
  ]);
  await Promise.all([stage.enter("worker-1", "worker"), stage.enter("worker-2", "worker")]);
  await stage.beat(600);
  const ids = [
    await stage.write("notes.txt", "Milk, bread, and a broker.\n"),
    await stage.write("logo.png", randomBytes(90 * KB)),
  ];
  await stage.beat(700);
  ids.push(await stage.write("report.pdf", randomBytes(400 * KB)));
  await handled(stage, ids);
  ids.push(await stage.write("notes.txt", "Milk, bread, and a broker. And eggs!\n"));
  await handled(stage, ids);
  await stage.beat(800);
}

async function notifierAway(stage: Stage): Promise<void> {
  const { view, ledger, broker, signal } = stage;
  view.act(
    "2  The notifier is down for a while",
    "Nobody waits for it, and it will miss nothing: the broker keeps its copies.",
  );
  await stage.leave("notifier");
  view.say("notifier", "is down", "bad");
  await stage.beat(600);
  const ids: string[] = [];
  for (const [path, content] of [
    ["recipe.txt", "Flour, water, salt, patience.\n"],
    ["budget.csv", "rent;1200\nbread;48\n"],
    ["photo.jpg", randomBytes(300 * KB)],
  ] as const) {
    ids.push(await stage.write(path, content));
    await stage.beat(400);
  }
  const others = (): boolean => ledger.has("indexed", ids) && ledger.has("uploaded", ids);
  await ledger.until("files indexed and uploaded while the notifier is down", others, signal);
  const { ready } = await fileChanges(broker).subscription("notifier").stats({ signal });
  view.say("broker", `keeps ${ready ?? "all"} events for the notifier`);
  await stage.beat(800);
  view.say("notifier", "starts again", "good");
  await stage.enter("notifier", "notifier");
  await handled(stage, ids);
  await stage.beat(800);
}

async function workerCrashes(stage: Stage): Promise<void> {
  const { view, ledger, signal } = stage;
  view.act(
    "3  A worker crashes in the middle of a file",
    "It had not said that it was done, so the broker gives the upload to the other one.",
  );
  const ids = [await stage.write("holiday.mov", randomBytes(4 * KB * KB))];
  await ledger.until("half of holiday.mov uploaded", () => ledger.halfway("holiday.mov") !== undefined, signal);
  const victim = ledger.halfway("holiday.mov") ?? "";
  view.say(victim, "has uploaded half of holiday.mov …");
  await stage.crash(victim);
  ids.push(await stage.write("diary.txt", "Dear diary, today a process died.\n"));
  await handled(stage, ids);
  await stage.beat(800);
}

async function poison(stage: Stage): Promise<void> {
  const { view, ledger, broker, signal } = stage;
  view.act(
    "4  A file that the indexer cannot read",
    "After three attempts its event is set aside among the dead letters, and what is behind it flows.",
  );
  // "café au lait" as programs wrote it thirty years ago.
  const bad = await stage.write("menu.txt", Buffer.from("café au lait 3.20, crème brûlée 5.50\n", "latin1"));
  await ledger.until("the indexer fails", () => ledger.failures("menu.txt") > 0, signal);
  const good = await stage.write("hours.txt", "Open from nine to five.\n");
  const { deadLetters } = fileChanges(broker).subscription("indexer");
  const set = await deadOnes(stage, deadLetters, 1);
  for (const { reason, error } of set)
    view.say("broker", `sets the event of menu.txt aside: ${reason}, ${error}`, "bad");
  view.board("indexer", "1 dead letter", "bad");
  await handled(stage, [good]);
  await stage.beat(1_000);
  await stage.leave("indexer");
  view.say("indexer", "is repaired, and starts again", "good");
  await stage.enter("indexer", "indexer", { fixed: true });
  await stage.beat(800);
  const count = await deadLetters.replay({ ids: set.map(({ deadLetterId }) => deadLetterId) }, { signal });
  view.say("broker", `gives it to the indexer again (${count} dead letter replayed), and to nobody else`);
  await handled(stage, [bad]);
  await stage.beat(600);
}

/** Waits until every service is through with these changes. */
async function handled({ ledger, signal }: Stage, ids: readonly string[]): Promise<void> {
  const done = (): boolean => (["indexed", "notified", "uploaded"] as const).every((what) => ledger.has(what, ids));
  await ledger.until(`${ids.join(", ")} handled by everybody`, done, signal);
}

interface DeadOne {
  readonly deadLetterId: string;
  readonly reason: string | undefined;
  readonly error: string | undefined;
}

/** The dead letters of this run, as soon as there are `count`. */
async function deadOnes(stage: Stage, deadLetters: DeadLetters, count: number): Promise<readonly DeadOne[]> {
  for (;;) {
    const found: DeadOne[] = [];
    for await (const letter of deadLetters.list({ signal: stage.signal })) {
      if (letter.headers.run === stage.run) found.push(letter);
    }
    if (found.length >= count) return found;
    await stage.beat(100);
  }
}

/** How many dead letters this run leaves behind. */
export async function deadLettersLeft(stage: Stage): Promise<number> {
  const topic = fileChanges(stage.broker);
  const readers = [topic.subscription("indexer"), topic.subscription("notifier"), uploads(stage.broker)];
  const found = await Promise.all(readers.map(({ deadLetters }) => deadOnes(stage, deadLetters, 0)));
  return found.flat().length;
}
