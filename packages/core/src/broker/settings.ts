import type { ConnectOptions, Propagation } from "../api/connecting.ts";
import { DEFAULTS } from "../api/defaults.ts";
import { checkFunction, checkKeys, checkSignal, integer, show } from "../base/check.ts";
import { systemClock } from "../base/clock.ts";
import { LOG_LEVELS } from "../base/log.ts";
import type { LinkContext } from "../contract/driver.ts";
import type { ConnectionTimes } from "../link/connection.ts";
import { checkConsumeDefaults } from "../receiving/plan.ts";
import type { SendBuffer } from "../sending/send-window.ts";

const KEYS =
  "drivers topology lease connectTimeout reconnect sendBuffer clock propagation logger name consume signal".split(" ");
const HOUR = 3_600_000;

/** The checked options of `connect`, with all defaults. */
export interface Settings {
  readonly context: LinkContext;
  readonly times: ConnectionTimes;
  readonly sendBuffer: SendBuffer;
}

/** Other properties are allowed: it may be an instance of a class. */
function checkPropagation(propagation: Propagation): void {
  if (typeof propagation !== "object" || propagation === null) {
    throw new TypeError(`propagation must be an object with inject and extract, not ${show(propagation)}`);
  }
  const { inject, extract } = propagation;
  if (inject !== undefined) checkFunction("propagation.inject", inject);
  if (extract !== undefined) checkFunction("propagation.extract", extract);
}

/** Checks the options of `connect`. Throws a `TypeError` if one is wrong. */
export function settingsOf(options: ConnectOptions): Settings {
  checkKeys("connect", options, KEYS);
  checkSignal("connect", options.signal);
  if (options.consume !== undefined) checkConsumeDefaults(options.consume);
  const { topology = "create", clock = systemClock, reconnect = {}, sendBuffer = {} } = options;
  const { drivers = {}, propagation = {} } = options;
  checkKeys("reconnect", reconnect, ["initial", "max"]);
  checkKeys("sendBuffer", sendBuffer, ["messages", "bytes"]);
  if (!["create", "verify", "none"].includes(topology)) {
    throw new TypeError(`topology must be "create", "verify" or "none", not ${show(topology)}`);
  }
  if (options.name !== undefined && typeof options.name !== "string") {
    throw new TypeError(`name must be a string, not ${show(options.name)}`);
  }
  if (options.logger !== undefined) {
    for (const level of LOG_LEVELS) checkFunction(`logger.${level}`, options.logger[level]);
  }
  for (const [scheme, loader] of Object.entries(drivers)) checkFunction(`drivers.${scheme}`, loader);
  checkPropagation(propagation);
  checkFunction("clock.now", clock.now);
  checkFunction("clock.after", clock.after);
  const initial = integer("reconnect.initial", reconnect.initial, DEFAULTS.reconnect.initial, 1, HOUR);
  return {
    context: { clock, topology, lease: integer("lease", options.lease, DEFAULTS.lease, 100, 300_000) },
    times: {
      connectTimeout: integer("connectTimeout", options.connectTimeout, DEFAULTS.connectTimeout, 1, 24 * HOUR),
      reconnect: {
        initial,
        max: integer("reconnect.max", reconnect.max, Math.max(initial, DEFAULTS.reconnect.max), initial, HOUR),
      },
    },
    sendBuffer: {
      messages: integer("sendBuffer.messages", sendBuffer.messages, DEFAULTS.sendBuffer.messages, 1, 10_000_000),
      bytes: integer("sendBuffer.bytes", sendBuffer.bytes, DEFAULTS.sendBuffer.bytes, 1),
    },
  };
}
