import type { Event, History } from "../history/event.ts";
import type { FindingKind } from "./finding.ts";
import { AFTER_ALL, dead, fact, run as runOf, sent as sentOf } from "./histories.ts";
import { completionOf, mustDieOf, type Run, type Story, type Timeline, timelineOf } from "./timeline.ts";

/** A violation that is put into a history which has none. */
export interface Injection {
  readonly title: string;
  readonly kind: FindingKind;
  /** Returns the events with the violation, and undefined if the history has no place for it. */
  inject(history: History, choose: Choose): readonly Event[] | undefined;
}

/** Chooses one of several; undefined if there are none. */
export type Choose = <T>(choices: readonly T[]) => T | undefined;

export const INJECTIONS: readonly Injection[] = [
  {
    title: "a message that a source never handled",
    kind: "lost",
    inject: onStory(
      (story, timeline) => isGood(story, timeline) && story.runs.length > 0,
      ({ runs }, { events }) => without(events, runs),
    ),
  },
  {
    title: "a dead letter that is not there",
    kind: "lost",
    inject: onStory(
      ({ dead }) => dead.length > 0,
      ({ dead }, { events }) => events.filter((event) => !dead.some((one) => one === event)),
    ),
  },
  {
    title: "a send that never ends",
    kind: "stuck",
    inject: ({ events }, choose) => {
      const end = choose(events.filter(({ type }) => type === "confirmed"));
      return end && events.filter((event) => event !== end);
    },
  },
  {
    title: "a message that is left over",
    kind: "stuck",
    inject: ({ events }) =>
      events.map((event) => (event.type === "left" && event.source === "orders" ? { ...event, delayed: 1 } : event)),
  },
  {
    title: "a run before the delay of its message",
    kind: "early",
    inject: onStory(
      ({ sent }) => sent.outcome === "confirmed" && sent.delay >= 100,
      (story, { events }) => added(events, runAt(story, story.sent.called + story.sent.delay - 50)),
    ),
  },
  {
    title: "a run before the backoff of the failure before",
    kind: "early",
    inject: onStory(
      ({ runs }) => runs.filter(({ outcome }) => outcome === "failed").length === 1 && runs[0]?.delay === undefined,
      (story, { events }) => added(events, runAt(story, (story.runs[0]?.end ?? 0) + 100, { attempt: 2 })),
    ),
  },
  {
    title: "a message that overtakes an earlier one of its key",
    kind: "order",
    inject: (history, choose) => {
      const timeline = timelineOf(history);
      const later = choose(timeline.stories.filter((story) => predecessorOf(story, timeline) !== undefined));
      const before = later && predecessorOf(later, timeline);
      if (later === undefined || before === undefined) return undefined;
      return added(history.events, runAt(later, (completionOf(before, timeline.setup) ?? 0) - 0.01));
    },
  },
  {
    title: "a handler that begins in the same process while another one has a message of the key",
    kind: "overlap",
    inject: (history, choose) => {
      const timeline = timelineOf(history);
      const story = choose(timeline.stories.filter((one) => isKeyed(one) && one.runs.some(lasts)));
      const run = story?.runs.find(lasts);
      if (story === undefined || run === undefined) return undefined;
      return added(history.events, runAt(story, (run.begin + (run.end ?? 0)) / 2, run));
    },
  },
  {
    title: "a handler that begins in another process while an undisturbed one has a message of the key",
    kind: "overlap",
    inject: (history, choose) => {
      const { stories, disturbances } = timelineOf(history);
      const inPeace = (run: Run): boolean => lasts(run) && !disturbances.of([run.life], run.begin, run.end ?? 0);
      const story = choose(stories.filter((one) => isKeyed(one) && one.runs.some(inPeace)));
      const run = story?.runs.find(inPeace);
      if (story === undefined || run === undefined) return undefined;
      const { attempt } = run;
      return added(history.events, runAt(story, (run.begin + (run.end ?? 0)) / 2, { attempt, life: "worker-9.1" }));
    },
  },
  {
    title: "an attempt that counts a failure which no handler had",
    kind: "attempts",
    inject: onRun(
      (run, { runs }) => run === runs[0],
      (run, { events }) => attemptChanged(events, run, run.attempt + 1),
    ),
  },
  {
    title: "an attempt that forgets a failure without any disturbance",
    kind: "attempts",
    inject: (history, choose) => {
      const { stories, disturbances } = timelineOf(history);
      const choices = stories.filter(({ sent, source, runs }) => {
        const [first, second, third] = runs;
        const simple =
          !source.ordered && first?.outcome === "failed" && second?.outcome === "done" && third === undefined;
        return simple && !disturbances.any(sent.called, second.begin);
      });
      const run = choose(choices)?.runs[1];
      return run && attemptChanged(history.events, run, 1);
    },
  },
  {
    title: "a good message among the dead letters",
    kind: "dead-letter",
    inject: onStory(isGood, ({ sent, source }, { events }) => {
      return added(events, dead(sent.message, source.name, "attempts-exhausted", 4));
    }),
  },
  {
    title: "a dead letter that was given up one attempt too soon",
    kind: "dead-letter",
    inject: onStory(
      ({ dead, runs }, { setup }) => dead.length > 0 && runs.length === setup.attempts,
      ({ runs }, { events }) => without(events, runs.slice(-1)),
    ),
  },
  {
    title: "a message that kills its processes again and again",
    kind: "crash-loop",
    inject: ({ events }) => {
      const steps = { orders: { fails: 1_000, by: "kill" } } as const;
      const crashes = Array.from({ length: 30 }, (_, index) => {
        const at = AFTER_ALL + index;
        return runOf("killer", "orders", at, at, { ends: "killing", life: `worker-9.${index}` });
      });
      const letter = dead("killer", "orders", "crash-loop", 1);
      return added(events, [
        ...sentOf("killer", AFTER_ALL - 10, { to: "orders", steps }),
        ...crashes.flat(),
        ...letter,
      ]);
    },
  },
  {
    title: "a send that is said to have failed, of a message that was handled",
    kind: "outcome",
    inject: onStory(isGood, ({ sent }, { events }) =>
      events.map((event) =>
        event.type === "confirmed" && event.message === sent.message
          ? { ...event, type: "rejected", code: "TIMEOUT", outcomeUnknown: false }
          : event,
      ),
    ),
  },
  {
    title: "a send that gives up although everything works",
    kind: "rejected",
    inject: ({ events }) => {
      const call = sentOf("late", AFTER_ALL).slice(0, 1);
      const rejected = fact(AFTER_ALL + 30_000, {
        type: "rejected",
        message: "late",
        code: "TIMEOUT",
        outcomeUnknown: true,
      });
      return added(events, [...call, ...rejected]);
    },
  },
  {
    title: "a process that ends on its own",
    kind: "unexpected",
    inject: ({ events }) =>
      added(events, fact(AFTER_ALL, { type: "ended", life: "worker-1.1", planned: false, how: "1" })),
  },
  {
    title: "a message that was never sent",
    kind: "unexpected",
    inject: onRun(
      () => true,
      (run, { events }) =>
        events.map((event) => (event.type === "begin" && event.run === run.name ? { ...event, message: "m0" } : event)),
    ),
  },
];

/** Whether the message was confirmed, must not die, and was handled. */
function isGood(story: Story, { setup }: Timeline): boolean {
  const done = story.runs.some(({ outcome }) => outcome === "done");
  return story.sent.outcome === "confirmed" && mustDieOf(story, setup) === undefined && done;
}

/** Whether the message holds its key on every backend. */
function isKeyed({ source, sent }: Story): boolean {
  return source.ordered && sent.delay === 0;
}

function lasts({ begin, end }: Run): boolean {
  return end !== undefined && end - begin > 0.1;
}

/** The message of the same key and source that was sent before, and was not done when this one was sent. */
function predecessorOf(story: Story, { stories, setup }: Timeline): Story | undefined {
  const counts = ({ sent, runs }: Story): boolean =>
    sent.outcome === "confirmed" && sent.delay === 0 && runs.length > 0;
  if (!story.source.ordered || !counts(story)) return undefined;
  const ofKey = stories.filter((one) => one.source === story.source && one.sent.key === story.sent.key && counts(one));
  const before = ofKey[ofKey.indexOf(story) - 1];
  const done = before && completionOf(before, setup);
  return done !== undefined && done > story.sent.called + 1 ? before : undefined;
}

type Inject = Injection["inject"];

/** Changes the events for one of the stories that fit. */
function onStory(
  fits: (story: Story, timeline: Timeline) => boolean,
  change: (story: Story, timeline: Timeline) => readonly Event[],
): Inject {
  return (history, choose) => {
    const timeline = timelineOf(history);
    const story = choose(timeline.stories.filter((one) => fits(one, timeline)));
    return story && change(story, timeline);
  };
}

/** Changes the events for one of the runs that fit. */
function onRun(
  fits: (run: Run, story: Story) => boolean,
  change: (run: Run, timeline: Timeline) => readonly Event[],
): Inject {
  return (history, choose) => {
    const timeline = timelineOf(history);
    const run = choose(timeline.stories.flatMap((story) => story.runs.filter((one) => fits(one, story))));
    return run && change(run, timeline);
  };
}

function without(events: readonly Event[], runs: readonly Run[]): readonly Event[] {
  const names = new Set(runs.map(({ name }) => name));
  return events.filter((event) => !("run" in event && names.has(event.run)));
}

function attemptChanged(events: readonly Event[], { name }: Run, attempt: number): readonly Event[] {
  return events.map((event) => (event.type === "begin" && event.run === name ? { ...event, attempt } : event));
}

/** A run of the handler that takes no time and succeeds. */
function runAt(
  { sent, source }: Story,
  at: number,
  { attempt = 1, life = "worker-1.1" }: Partial<Pick<Run, "attempt" | "life">> = {},
): readonly Event[] {
  return runOf(sent.message, source.name, at, at, { attempt, life });
}

function added(events: readonly Event[], more: readonly Event[]): readonly Event[] {
  return [...events, ...more].sort((one, other) => one.at - other.at);
}
