/** Which consumers are known to be alive or dead. */
export interface ConsumerLists {
  /** The prefix of the names of this driver's consumers. A consumer with it that is not in `living` has ended. */
  readonly ownPrefix: string;
  /** The open consumers of this driver. */
  readonly living: Iterable<string>;
  /** Consumers of other programs that have died. */
  readonly dead: readonly string[];
}

/**
 * `consumer_lists(from)`: reads the last arguments, from this one on, as {@link consumerArguments} makes them. Returns
 * `ended(name)`, which tells whether a consumer is known to have ended, `is_own(name)` and the set of the living.
 */
export const CONSUMER_LISTS = `
local function consumer_lists(from)
  local prefix, living, dead = ARGV[from], {}, {}
  local list = living
  for i = from + 1, #ARGV do
    if ARGV[i] == '' then list = dead else list[ARGV[i]] = true end
  end
  local function is_own(name) return string.sub(name, 1, #prefix) == prefix end
  local function ended(name) return dead[name] or (is_own(name) and not living[name]) end
  return ended, is_own, living
end`;

/** The lists as the last arguments of a script: the prefix, the living, an empty text, the dead. */
export function consumerArguments({ ownPrefix, living, dead }: ConsumerLists): readonly string[] {
  return [ownPrefix, ...living, "", ...dead];
}
