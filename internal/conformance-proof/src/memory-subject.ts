import type { Subject } from "@anybroker/conformance";
import { connect, type Driver, memory } from "@anybroker/memory";

/** The embedded broker as a subject of the suite, with a layer around each driver. Close it after the run. */
export async function memorySubject(
  name: string,
  around: (driver: Driver) => Driver,
): Promise<{ readonly subject: Subject; close(): Promise<void> }> {
  const broker = await connect(memory({ name }));
  const subject: Subject = {
    name,
    driver: () => memory({ name }),
    around,
    patience: 1_500,
    lease: 1_000,
  };
  return { subject, close: () => broker.close() };
}
