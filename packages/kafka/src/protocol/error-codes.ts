/** Kafka's error codes on which the driver acts. */
export const CODES = {
  offsetOutOfRange: 1,
  unknownTopic: 3,
  leaderNotAvailable: 5,
  notLeader: 6,
  requestTimedOut: 7,
  tooLarge: 10,
  coordinatorLoading: 14,
  coordinatorNotAvailable: 15,
  notCoordinator: 16,
  notEnoughReplicasAfterAppend: 20,
  unknownMember: 25,
  rebalancing: 27,
  topicDenied: 29,
  groupDenied: 30,
  topicExists: 36,
  groupNotEmpty: 68,
  noSuchGroup: 69,
  memberIdRequired: 79,
} as const;

/** Kafka's code of an error; undefined when the error is not the server's. */
export function kafkaCodeOf(error: unknown): number | undefined {
  // The errors of abort signals have numeric codes of their own.
  if (typeof error !== "object" || error === null || error instanceof DOMException) return undefined;
  if ("apiCode" in error && typeof error.apiCode === "number") return error.apiCode;
  return "code" in error && typeof error.code === "number" ? error.code : undefined;
}
