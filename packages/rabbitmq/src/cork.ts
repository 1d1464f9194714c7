import type { ChannelModel } from "amqplib";

interface Corkable {
  cork(): void;
  uncork(): void;
  prependListener(event: "drain", listener: () => void): unknown;
}

/**
 * amqplib makes one system call of each frame. The function that this answers, called after a frame was given to
 * amqplib, holds the socket back until everything of the same turn of the event loop can go in one.
 */
export function corkOf(model: ChannelModel): () => void {
  // The cast is true of amqplib 2, whose types leave out the socket; without one nothing is held back.
  const { stream } = model.connection as unknown as { readonly stream?: Corkable };
  // Past 64 KiB amqplib waits for room and then writes all the rest, outside of any burst of ours.
  stream?.prependListener("drain", () => {
    stream.cork();
    process.nextTick(() => stream.uncork());
  });
  let corked = false;
  return () => {
    if (corked || stream === undefined) return;
    corked = true;
    stream.cork();
    // amqplib writes in an immediate that it asks for in the next tick: this one comes right after it.
    process.nextTick(() =>
      setImmediate(() => {
        corked = false;
        stream.uncork();
      }),
    );
  };
}
