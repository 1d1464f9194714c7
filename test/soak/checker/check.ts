import type { History } from "../history/event.ts";
import { endlessCrashes, wrongAttempts } from "./attempts.ts";
import { wrongDeadLetters } from "./dead-letters.ts";
import { earlyRuns } from "./early.ts";
import { stuckEndings, surprises } from "./endings.ts";
import type { Finding } from "./finding.ts";
import { losses } from "./losses.ts";
import { overlaps, overtakings } from "./order.ts";
import { falseOutcomes, hastyRejections } from "./outcomes.ts";
import { type Timeline, timelineOf } from "./timeline.ts";

const CHECKS: readonly ((timeline: Timeline) => readonly Finding[])[] = [
  losses,
  stuckEndings,
  earlyRuns,
  overtakings,
  overlaps,
  wrongAttempts,
  endlessCrashes,
  wrongDeadLetters,
  falseOutcomes,
  hastyRejections,
  surprises,
];

/** Every violation of what is promised. Pure: the same history gives the same findings. */
export function check(history: History): readonly Finding[] {
  const timeline = timelineOf(history);
  return CHECKS.flatMap((one) => one(timeline));
}
