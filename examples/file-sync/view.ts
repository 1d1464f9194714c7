import { styleText } from "node:util";
import { createLogUpdate } from "log-update";

/** What the audience sees: lines that stay, and on a terminal a board below them that shows how everybody is doing. */
export interface View {
  /** A headline, with a sentence or two about what is going to happen. */
  act(headline: string, text: string): void;
  say(who: string, text: string, tone?: Tone): void;
  /** A line of the result. */
  find(ok: boolean, text: string): void;
  /** How somebody is doing now. Seen on a terminal only. */
  board(who: string, text: string, tone?: Tone): void;
  end(): void;
}

export type Tone = "plain" | "good" | "bad" | "dim";

const COLUMN = 10;
const color = { plain: "reset", good: "green", bad: "red", dim: "dim" } as const;
const mark = { plain: "●", good: "●", bad: "✗", dim: "○" } as const;

/** Plain lines, for a log file or a pipe. */
export function lineView(write: (line: string) => void): View {
  return {
    act: (headline, text) => write(`\n${styleText("bold", headline)}\n${styleText("dim", text)}`),
    say: (who, text, tone = "plain") =>
      write(`  ${styleText("cyan", who.padEnd(COLUMN))}${styleText(color[tone], text)}`),
    find: (ok, text) => write(styleText(ok ? "green" : "red", `  ${ok ? "✓" : "✗"} ${text}`)),
    board: () => undefined,
    end: () => undefined,
  };
}

/** The same lines above a board that is drawn again whenever something changes. */
export function liveView(stream: NodeJS.WriteStream): View {
  const update = createLogUpdate(stream);
  const members = new Map<string, { text: string; tone: Tone }>();
  const draw = (): void => {
    const width = stream.columns ?? 80;
    const rows = [...members].map(([who, { text, tone }]) => {
      const line = `${mark[tone]} ${who.padEnd(COLUMN)}${text}`.slice(0, width - 4);
      return `  ${styleText(color[tone], line)}`;
    });
    update([styleText("dim", "─".repeat(Math.min(width - 1, 72))), ...rows].join("\n"));
  };
  const lines = lineView((line) => {
    update.persist(line);
    if (members.size > 0) draw();
  });
  return {
    ...lines,
    board(who: string, text: string, tone: Tone = "plain"): void {
      members.set(who, { text, tone });
      draw();
    },
    end(): void {
      update.clear();
      update.done();
    },
  };
}
