import type { Connection } from "../connection.ts";
import type { LinkState } from "../state/link-state.ts";
import type { SourceKeys, SourceStream } from "../topology.ts";

/** One consumer of a group: what its reader, its settlements and its leases have in common. */
export interface Consumer {
  readonly state: LinkState;
  /** The name of the consumer, and of its connection. */
  readonly name: string;
  readonly keys: SourceKeys;
  /** The streams that it reads, each with its group. */
  readonly streams: readonly [SourceStream, ...SourceStream[]];
  /** The stored filter that it applies; undefined where none is known. */
  readonly filter: string | undefined;
  /** The connection of its own, on which reads block. */
  readonly blocking: Connection;
}

/** The stream with this index. All deliveries of the consumer come from one that exists. */
export function streamAt({ streams }: Consumer, index: number): SourceStream {
  return streams[index] ?? streams[0];
}
