import type { Logger } from "@anybroker/core";

/** For tests that provoke failures of the connection, which would be process warnings without a logger. */
export const quietLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
