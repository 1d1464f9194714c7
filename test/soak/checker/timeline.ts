import type {
  DeadLetterFound,
  Event,
  History,
  LeftOver,
  SendCalled,
  Setup,
  SoakSource,
  Step,
} from "../history/event.ts";
import { Disturbances } from "./disturbances.ts";

/** One message as its sender saw it. */
export interface Sent {
  readonly message: string;
  readonly key: string | undefined;
  readonly delay: number;
  readonly called: number;
  /** When the send resolved or rejected. */
  ended: number | undefined;
  outcome: "confirmed" | "rejected" | undefined;
  outcomeUnknown: boolean;
  /** Why it rejected. */
  code: string | undefined;
}

/** One run of a handler. */
export interface Run {
  readonly name: string;
  /** The life of the process. */
  readonly life: string;
  readonly message: string;
  readonly attempt: number;
  readonly begin: number;
  /** Without an end the process died first. */
  end: number | undefined;
  outcome: "done" | "failed" | "refused" | "killing" | undefined;
  /** The wait that the handler asked for when it failed, in ms. */
  delay: number | undefined;
}

/** One message at one source. */
export interface Story {
  readonly source: SoakSource;
  readonly sent: Sent;
  readonly step: Step;
  /** In the order in which they began. */
  readonly runs: Run[];
  readonly dead: DeadLetterFound[];
  /** When a consumer gave it up, if it lived to hear of that. */
  gaveUp: number | undefined;
}

/** A history, sorted by what the checks ask for. */
export interface Timeline {
  readonly setup: Setup;
  readonly events: readonly Event[];
  /** In the order of the calls. */
  readonly sends: readonly Sent[];
  /** In the order of the calls. */
  readonly stories: readonly Story[];
  readonly left: readonly LeftOver[];
  readonly disturbances: Disturbances;
  /** When the processes ended that did. */
  readonly endOfLife: ReadonlyMap<string, number>;
  /** Events about messages that were not sent to their source. */
  readonly strangers: readonly string[];
}

const NOTHING_SPECIAL: Step = { work: 0, fails: 0, by: "throw" };

/** Sorts the events of a history by message and source. */
export function timelineOf(history: History): Timeline {
  const { setup, events } = history;
  const sends = new Map<string, Sent>();
  const stories = new Map<string, Story>();
  const runs = new Map<string, Run>();
  const left: LeftOver[] = [];
  const strangers: string[] = [];
  const endOfLife = new Map<string, number>();

  const storyOf = (message: string, source: string): Story | undefined => stories.get(`${source} ${message}`);
  const send = (event: SendCalled & Event): void => {
    const { message, to, key, delay = 0, at: called } = event;
    const open = { ended: undefined, outcome: undefined, outcomeUnknown: false, code: undefined } as const;
    const sent: Sent = { message, key, delay, called, ...open };
    sends.set(message, sent);
    for (const source of setup.sources.filter((one) => one.to === to)) {
      const step = event.steps?.[source.name] ?? NOTHING_SPECIAL;
      stories.set(`${source.name} ${message}`, { source, sent, step, runs: [], dead: [], gaveUp: undefined });
    }
  };
  const settle = (message: string, ending: Partial<Sent>): void => {
    const sent = sends.get(message);
    if (sent === undefined) strangers.push(`${message} was ${ending.outcome} and never sent`);
    else Object.assign(sent, ending);
  };
  const endRun = (name: string, end: number, outcome: Run["outcome"], delay?: number): void => {
    const run = runs.get(name);
    if (run === undefined) strangers.push(`the run ${name} ended and never began`);
    else Object.assign(run, { end, outcome, delay });
  };

  for (const event of events) {
    const { at } = event;
    switch (event.type) {
      case "send":
        send(event);
        break;
      case "confirmed":
        settle(event.message, { ended: at, outcome: "confirmed" });
        break;
      case "rejected":
        settle(event.message, {
          ...{ ended: at, outcome: "rejected", outcomeUnknown: event.outcomeUnknown, code: event.code },
        });
        break;
      case "begin": {
        const { run: name, message, source, attempt, by: life } = event;
        const open = { end: undefined, outcome: undefined, delay: undefined } as const;
        const run: Run = { name, life, message, attempt, begin: at, ...open };
        runs.set(name, run);
        const story = storyOf(message, source);
        if (story === undefined) strangers.push(`a handler of ${source} got ${message}, which was never sent there`);
        else story.runs.push(run);
        break;
      }
      case "done":
      case "refused":
      case "killing":
        endRun(event.run, at, event.type);
        break;
      case "failed":
        endRun(event.run, at, "failed", event.delay);
        break;
      case "dead": {
        const story = storyOf(event.message, event.source);
        if (story === undefined)
          strangers.push(`${event.source} has a dead letter ${event.message} that was never sent there`);
        else story.dead.push(event);
        break;
      }
      case "gave-up": {
        const story = storyOf(event.message, event.source);
        if (story !== undefined) story.gaveUp = at;
        break;
      }
      case "left":
        left.push(event);
        break;
      case "ended":
        endOfLife.set(event.life, Math.min(at, endOfLife.get(event.life) ?? at));
        break;
      case "fault":
        // The signal is sent after this event, so nothing of the process is later than its end by more than that.
        if (event.kind === "kill" && event.life !== undefined && event.phase === "begin") endOfLife.set(event.life, at);
        break;
      case "calm":
      case "closed":
      case "end":
      case "error":
      case "late":
      case "stuck":
        break;
    }
  }
  return {
    setup,
    events,
    sends: [...sends.values()],
    stories: [...stories.values()],
    left,
    disturbances: new Disturbances(history),
    endOfLife,
    strangers,
  };
}

/** Why the message must become a dead letter of the source; undefined if it must not. */
export function mustDieOf({ step }: Story, { attempts }: Setup): string | undefined {
  if (step.fails === 0) return undefined;
  if (step.by === "kill") return "crash-loop";
  if (step.by === "deadLetter") return "refused";
  return step.fails >= attempts ? "attempts-exhausted" : undefined;
}

/** When the first handler was done with the message for good; undefined if none was. */
export function completionOf({ runs }: Story, { attempts }: Setup): number | undefined {
  let first: number | undefined;
  for (const { outcome, attempt, end } of runs) {
    const last = outcome === "done" || outcome === "refused" || (outcome === "failed" && attempt >= attempts);
    if (last && end !== undefined && (first === undefined || end < first)) first = end;
  }
  return first;
}

/** Confirmed messages that no handler was done with. Those that kill their processes end without a handler. */
export function unsettledOf({ setup, stories }: Timeline): readonly Story[] {
  return stories.filter((story) => {
    const { sent } = story;
    if (sent.outcome !== "confirmed" || mustDieOf(story, setup) === "crash-loop") return false;
    return completionOf(story, setup) === undefined;
  });
}
