import type { Report } from "./service.ts";
import type { Tone, View } from "./view.ts";

const BAR = 20;

/** A file's size for people. */
function readable(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  const kilobytes = bytes / 1024;
  return kilobytes < 1024 ? `${Math.round(kilobytes)} KB` : `${(kilobytes / 1024).toFixed(1)} MB`;
}

const percent = ({ done, size }: { done: number; size: number }): number => Math.floor((100 * done) / size);
const bar = (part: number): string => "█".repeat(Math.round((part * BAR) / 100)).padEnd(BAR, "░");

/** What is shown of a report: a line that stays, and how its sender is doing. */
interface Words {
  readonly say?: string;
  readonly board?: string;
  readonly tone?: Tone;
}

/** Puts a report into words; `count` is how many of its kind there were. */
function inWords(report: Report, count: number): Words {
  switch (report.type) {
    case "ready":
      return { board: "waits" };
    case "noticed":
      return { say: `sees ${report.path} (${readable(report.size)})` };
    case "published":
      return { board: `${count} changes told` };
    case "indexed": {
      const words = report.words > 0 ? `, ${report.words} words` : "";
      return { say: `has indexed ${report.path}${words}`, board: `${count} files indexed` };
    }
    case "notified":
      return { say: `tells everyone about ${report.path}`, board: `${count} notices sent` };
    case "uploading":
      return { board: `${bar(percent(report))} ${percent(report)} % of ${report.path}` };
    case "received-again":
      return { say: `is given ${report.path}, goes on where ${percent(report)} % is there already`, tone: "good" };
    case "uploaded":
      return { say: `${report.path} ${report.note}`, board: "waits" };
    case "failed": {
      const say = `fails on ${report.path}, attempt ${report.attempt}: ${report.reason}`;
      return { say, board: `fails on ${report.path}`, tone: "bad" };
    }
    case "trouble":
      return { say: report.reason, tone: "bad" };
  }
}

/** Shows what the services tell. */
export class Narrator {
  readonly #view: View;
  readonly #counts = new Map<string, number>();

  constructor(view: View) {
    this.#view = view;
  }

  tell(who: string, report: Report): void {
    const kind = `${who} ${report.type}`;
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    const { say, board, tone } = inWords(report, count);
    if (board !== undefined) this.#view.board(who, board, tone ?? "good");
    if (say !== undefined) this.#view.say(who, say, tone);
  }
}
