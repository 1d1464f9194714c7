import type { ScenarioContext } from "./scenario-context.ts";
import type { Workload } from "./workload.ts";

/** Faults of a broker and its clients. Afterwards no message may be lost, and everything must work again. */
export interface Scenario extends Workload {
  /**
   * Runs the scenario. When it returns, all sends but the last ones are confirmed, a consumer is running, and the faults
   * are over. Then `ScenarioContext.finish` sends the last ones and checks everything.
   */
  run(context: ScenarioContext): Promise<void>;
}
