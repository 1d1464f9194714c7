/** The key of the emulator that may do everything. */
export const FULL_KEY = { name: "RootManageSharedAccessKey", key: "SAS_KEY_VALUE" };

/** The key that may use what exists and create nothing. */
export const USE_KEY = { name: "restricted", key: "restricted-value", claims: ["Send", "Listen"] } as const;
