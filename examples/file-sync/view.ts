import { styleText } from "node:util";
import { createLogUpdate } from "log-update";

/** The output: a log, and on a terminal the status of each service below it. */
export interface View {
  /** Starts a chapter, with a sentence or two about it. */
  chapter(headline: string, text: string): void;
  log(who: string, text: string, tone?: Tone): void;
  /** Adds a line of the result. */
  result(ok: boolean, text: string): void;
  /** Sets the status of a service. Shown only on a terminal. */
  status(who: string, text: string, tone?: Tone): void;
  end(): void;
}

export type Tone = "plain" | "good" | "bad" | "dim";

const COLUMN = 10;
const color = { plain: "reset", good: "green", bad: "red", dim: "dim" } as const;
const mark = { plain: "●", good: "●", bad: "✗", dim: "○" } as const;

/** Only the log, for a file or a pipe. */
export function lineView(write: (line: string) => void): View {
  return {
    chapter: (headline, text) => write(`\n${styleText("bold", headline)}\n${styleText("dim", text)}`),
    log: (who, text, tone = "plain") =>
      write(`  ${styleText("cyan", who.padEnd(COLUMN))}${styleText(color[tone], text)}`),
    result: (ok, text) => write(styleText(ok ? "green" : "red", `  ${ok ? "✓" : "✗"} ${text}`)),
    status: () => undefined,
    end: () => undefined,
  };
}

/** The log, above the status lines, which are redrawn after every change. */
export function liveView(stream: NodeJS.WriteStream): View {
  const update = createLogUpdate(stream);
  const services = new Map<string, { text: string; tone: Tone }>();
  const draw = (): void => {
    const width = stream.columns ?? 80;
    const rows = [...services].map(([who, { text, tone }]) => {
      const line = `${mark[tone]} ${who.padEnd(COLUMN)}${text}`.slice(0, width - 4);
      return `  ${styleText(color[tone], line)}`;
    });
    update([styleText("dim", "─".repeat(Math.min(width - 1, 72))), ...rows].join("\n"));
  };
  const lines = lineView((line) => {
    update.persist(line);
    if (services.size > 0) draw();
  });
  return {
    ...lines,
    status(who: string, text: string, tone: Tone = "plain"): void {
      services.set(who, { text, tone });
      draw();
    },
    end(): void {
      update.clear();
      update.done();
    },
  };
}
