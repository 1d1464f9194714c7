import type { ServiceEvent } from "./service.ts";
import type { Tone, View } from "./view.ts";

const BAR = 20;

/** The size of a file as text. */
function readable(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  const kilobytes = bytes / 1024;
  return kilobytes < 1024 ? `${Math.round(kilobytes)} KB` : `${(kilobytes / 1024).toFixed(1)} MB`;
}

const percent = ({ done, size }: { done: number; size: number }): number => Math.floor((100 * done) / size);
const bar = (part: number): string => "█".repeat(Math.round((part * BAR) / 100)).padEnd(BAR, "░");

/** How an event is shown: as a log line, and as the status of its service. */
interface Shown {
  readonly line?: string;
  readonly status?: string;
  readonly tone?: Tone;
}

/** Describes an event. `count` is the number of such events so far. */
function describe(event: ServiceEvent, count: number): Shown {
  switch (event.type) {
    case "ready":
      return { status: "waits" };
    case "noticed":
      return { line: `sees ${event.path} (${readable(event.size)})` };
    case "published":
      return { status: `${count} changes published` };
    case "indexed": {
      const words = event.words > 0 ? `, ${event.words} words` : "";
      return { line: `has indexed ${event.path}${words}`, status: `${count} files indexed` };
    }
    case "notified":
      return { line: `notifies people about ${event.path}`, status: `${count} notices sent` };
    case "uploading":
      return { status: `${bar(percent(event))} ${percent(event)} % of ${event.path}` };
    case "received-again":
      return { line: `gets ${event.path}, continues at ${percent(event)} %`, tone: "good" };
    case "uploaded":
      return { line: `${event.path} ${event.note}`, status: "waits" };
    case "failed": {
      const line = `fails on ${event.path}, attempt ${event.attempt}: ${event.reason}`;
      return { line, status: `fails on ${event.path}`, tone: "bad" };
    }
    case "trouble":
      return { line: event.reason, tone: "bad" };
  }
}

/** Shows the events of the services. */
export class Narrator {
  readonly #view: View;
  readonly #counts = new Map<string, number>();

  constructor(view: View) {
    this.#view = view;
  }

  show(who: string, event: ServiceEvent): void {
    const kind = `${who} ${event.type}`;
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    const { line, status, tone } = describe(event, count);
    if (status !== undefined) this.#view.status(who, status, tone ?? "good");
    if (line !== undefined) this.#view.log(who, line, tone);
  }
}
