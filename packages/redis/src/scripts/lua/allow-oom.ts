/**
 * Lets a script run also when the server's memory is full; must come first. Consumers need it: what they copy and
 * settle makes room, and refusing it would keep the memory full.
 */
export const ALLOW_OOM = "#!lua flags=allow-oom";
