const nothing = (): void => {};

/** The view shows the connections that break, so the broker objects need not tell of them. */
export const quietLogger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
