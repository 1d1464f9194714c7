/** A value that only a program without type checks can pass. */
// The cast is deliberate: these values are wrong, and must be refused at run time.
export const wrong = <T>(value: unknown): T => value as T;
