import { randomBytes } from "node:crypto";
import type { DeadLetters } from "@anybroker/core";
import type { Demo } from "./demo.ts";
import { fileChanges, uploads } from "./service.ts";

const KB = 1024;

/** The whole demo, from the first file to the last. */
export async function story(demo: Demo): Promise<void> {
  await filesChange(demo);
  await notifierIsDown(demo);
  await workerCrashes(demo);
  await unreadableFile(demo);
}

async function filesChange(demo: Demo): Promise<void> {
  demo.view.chapter(
    "1  Files change in a folder",
    "The watcher sends every change to the broker. The indexer and the notifier each get a copy of\nevery event. Uploads wait in a queue, and two workers share them.",
  );
  await Promise.all([
    demo.start("watcher", "watcher"),
    demo.start("indexer", "indexer"),
    demo.start("notifier", "notifier"),
  ]);
  await Promise.all([demo.start("worker-1", "worker"), demo.start("worker-2", "worker")]);
  await demo.pause(600);
  const ids = [
    await demo.write("notes.txt", "Milk, bread, and a broker.\n"),
    await demo.write("logo.png", randomBytes(90 * KB)),
  ];
  await demo.pause(700);
  ids.push(await demo.write("report.pdf", randomBytes(400 * KB)));
  await handled(demo, ids);
  ids.push(await demo.write("notes.txt", "Milk, bread, and a broker. And eggs!\n"));
  await handled(demo, ids);
  await demo.pause(800);
}

async function notifierIsDown(demo: Demo): Promise<void> {
  const { view, ledger, broker, signal } = demo;
  view.chapter(
    "2  The notifier is down for a while",
    "The other services continue, and the notifier misses nothing: the broker keeps its copies.",
  );
  await demo.stop("notifier");
  view.log("notifier", "is down", "bad");
  await demo.pause(600);
  const ids: string[] = [];
  for (const [path, content] of [
    ["recipe.txt", "Flour, water, salt, patience.\n"],
    ["budget.csv", "rent;1200\nbread;48\n"],
    ["photo.jpg", randomBytes(300 * KB)],
  ] as const) {
    ids.push(await demo.write(path, content));
    await demo.pause(400);
  }
  const others = (): boolean => ledger.has("indexed", ids) && ledger.has("uploaded", ids);
  await ledger.until("files indexed and uploaded while the notifier is down", others, signal);
  const { ready } = await fileChanges(broker).subscription("notifier").stats({ signal });
  view.log("broker", `keeps ${ready ?? "all"} events for the notifier`);
  await demo.pause(800);
  view.log("notifier", "starts again", "good");
  await demo.start("notifier", "notifier");
  await handled(demo, ids);
  await demo.pause(800);
}

async function workerCrashes(demo: Demo): Promise<void> {
  const { view, ledger, signal } = demo;
  view.chapter(
    "3  A worker crashes in the middle of a file",
    "It has not acked the upload, so the broker delivers it to the other worker.",
  );
  const ids = [await demo.write("holiday.mov", randomBytes(4 * KB * KB))];
  await ledger.until("half of holiday.mov uploaded", () => ledger.halfway("holiday.mov") !== undefined, signal);
  const victim = ledger.halfway("holiday.mov") ?? "";
  view.log(victim, "has uploaded half of holiday.mov …");
  await demo.crash(victim);
  ids.push(await demo.write("diary.txt", "Dear diary, today a process died.\n"));
  await handled(demo, ids);
  await demo.pause(800);
}

async function unreadableFile(demo: Demo): Promise<void> {
  const { view, ledger, broker, signal } = demo;
  view.chapter(
    "4  A file that the indexer cannot read",
    "After three attempts its event is dead-lettered, and the events behind it are handled.",
  );
  // "café au lait" as programs encoded it thirty years ago.
  const bad = await demo.write("menu.txt", Buffer.from("café au lait 3.20, crème brûlée 5.50\n", "latin1"));
  await ledger.until("the indexer fails", () => ledger.failures("menu.txt") > 0, signal);
  const good = await demo.write("hours.txt", "Open from nine to five.\n");
  const { deadLetters } = fileChanges(broker).subscription("indexer");
  const found = await deadLettersOfRun(demo, deadLetters, 1);
  for (const { reason, error } of found)
    view.log("broker", `dead-letters the event of menu.txt: ${reason}, ${error}`, "bad");
  view.status("indexer", "1 dead letter", "bad");
  await handled(demo, [good]);
  await demo.pause(1_000);
  await demo.stop("indexer");
  view.log("indexer", "is fixed, and starts again", "good");
  await demo.start("indexer", "indexer", { fixed: true });
  await demo.pause(800);
  const count = await deadLetters.replay({ ids: found.map(({ deadLetterId }) => deadLetterId) }, { signal });
  view.log("broker", `replays ${count} dead letter, to the indexer only`);
  await handled(demo, [bad]);
  await demo.pause(600);
}

/** Waits until every service has handled these changes. */
async function handled({ ledger, signal }: Demo, ids: readonly string[]): Promise<void> {
  const done = (): boolean => (["indexed", "notified", "uploaded"] as const).every((what) => ledger.has(what, ids));
  await ledger.until(`${ids.join(", ")} handled by every service`, done, signal);
}

interface FoundDeadLetter {
  readonly deadLetterId: string;
  readonly reason: string | undefined;
  readonly error: string | undefined;
}

/** Waits for `count` dead letters of this run, and returns them. */
async function deadLettersOfRun(
  demo: Demo,
  deadLetters: DeadLetters,
  count: number,
): Promise<readonly FoundDeadLetter[]> {
  for (;;) {
    const found: FoundDeadLetter[] = [];
    for await (const letter of deadLetters.list({ signal: demo.signal })) {
      if (letter.headers.run === demo.run) found.push(letter);
    }
    if (found.length >= count) return found;
    await demo.pause(100);
  }
}

/** The number of dead letters that this run leaves behind. */
export async function deadLettersLeft(demo: Demo): Promise<number> {
  const topic = fileChanges(demo.broker);
  const readers = [topic.subscription("indexer"), topic.subscription("notifier"), uploads(demo.broker)];
  const found = await Promise.all(readers.map(({ deadLetters }) => deadLettersOfRun(demo, deadLetters, 0)));
  return found.flat().length;
}
