import type { Case } from "./case.ts";
import { BATCHES } from "./cases/batches.ts";
import { CONNECTING } from "./cases/connecting.ts";
import { DEAD_LETTERS } from "./cases/dead-letters.ts";
import { DELAYS } from "./cases/delay.ts";
import { DELETION } from "./cases/deletion.ts";
import { FIDELITY } from "./cases/fidelity.ts";
import { FILTERS } from "./cases/filters.ts";
import { HEALTH } from "./cases/health.ts";
import { INPUT } from "./cases/input.ts";
import { INTEROP } from "./cases/interop.ts";
import { LEASES } from "./cases/leases.ts";
import { LIFECYCLE } from "./cases/lifecycle.ts";
import { LIMITS } from "./cases/limits.ts";
import { OPTIONS } from "./cases/options.ts";
import { ORDER } from "./cases/order.ts";
import { PRIORITY } from "./cases/priority.ts";
import { PURGING } from "./cases/purging.ts";
import { RECONNECT } from "./cases/reconnect.ts";
import { REFUSALS } from "./cases/refusals.ts";
import { RETRY } from "./cases/retry.ts";
import { SCHEMA } from "./cases/schema.ts";
import { SENDING } from "./cases/sending.ts";
import { SETTLE } from "./cases/settle.ts";
import { SETTLING_IN_BATCHES } from "./cases/settling-in-batches.ts";
import { SUBSCRIPTIONS } from "./cases/subscriptions.ts";
import { TOPOLOGY } from "./cases/topology.ts";
import { TRACING } from "./cases/tracing.ts";
import { TTL } from "./cases/ttl.ts";
import { UNROUTED } from "./cases/unrouted.ts";
import { VERBS } from "./cases/verbs.ts";
import { VOLUME } from "./cases/volume.ts";

/** Every case, in the order of the suite. */
export const CASES: readonly Case[] = [
  ...FIDELITY,
  ...VOLUME,
  ...SCHEMA,
  ...SETTLE,
  ...VERBS,
  ...SETTLING_IN_BATCHES,
  ...LEASES,
  ...RETRY,
  ...DEAD_LETTERS,
  ...DELAYS,
  ...TTL,
  ...PRIORITY,
  ...ORDER,
  ...BATCHES,
  ...SUBSCRIPTIONS,
  ...FILTERS,
  ...UNROUTED,
  ...TOPOLOGY,
  ...DELETION,
  ...PURGING,
  ...LIFECYCLE,
  ...SENDING,
  ...CONNECTING,
  ...RECONNECT,
  ...HEALTH,
  ...OPTIONS,
  ...INPUT,
  ...LIMITS,
  ...REFUSALS,
  ...INTEROP,
  ...TRACING,
];
