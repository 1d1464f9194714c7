import fc from "fast-check";
import { finish, type OperationOptions, operations } from "./operations.ts";
import { Reference } from "./reference.ts";
import { Rig, type RigSubject } from "./rig.ts";

/** Repeats the operations of an earlier run. */
const SEED = process.env.ANYBROKER_MODEL_SEED;

/** Runs random operations on a queue, and fails with the shortest ones found after which the library and the model differ. */
export async function expectAgreement(
  subject: () => RigSubject,
  { runs, most, ...options }: OperationOptions & { readonly runs: number; readonly most: number },
): Promise<void> {
  const { ordered } = options;
  let queues = 0;
  await fc.assert(
    fc.asyncProperty(fc.commands(operations(options), { maxCommands: most, size: "max" }), async (commands) => {
      queues += 1;
      const own = subject();
      await using rig = await Rig.open(own, `model-${queues}`, ordered);
      const model = new Reference(ordered, own.now);
      await fc.asyncModelRun(() => ({ model: { model }, real: rig }), commands);
      await finish(model, rig);
    }),
    // A run that fails prints its seed.
    { numRuns: runs, ...(SEED !== undefined && { seed: Number(SEED) }) },
  );
}
