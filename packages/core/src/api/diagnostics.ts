import { channel, type TracingChannel, tracingChannel } from "node:diagnostics_channel";
import type { BrokerIdentity } from "../base/broker-identity.ts";
import type { BrokerError } from "../base/errors.ts";
import type { Drift } from "../contract/entities.ts";
import type { MessageSource } from "./message.ts";

/**
 * Payload of the tracing channel `anybroker:send`. The traced operation is a send or publish, from the call to its
 * result.
 */
export interface SendEvent {
  /** Which broker object it was. */
  readonly broker: BrokerIdentity;
  /** The name of the queue or topic. */
  readonly destination: string;
  /** Whether it is a queue or a topic. */
  readonly kind: "queue" | "topic";
  /** The message's id. */
  readonly id: string;
  /** The message's headers, without those that `propagation.inject` adds, which runs inside the operation. */
  readonly headers: Readonly<Record<string, string>>;
  /** The size of the body, in bytes. */
  readonly size: number;
}

/** Payload of the tracing channel `anybroker:deliver`. The traced operation is one run of a handler. */
export interface DeliverEvent {
  /** Which broker object it was. */
  readonly broker: BrokerIdentity;
  /** The queue or subscription of the messages. */
  readonly source: MessageSource;
  /** The messages that the handler gets: one, or those of a batch. */
  readonly messages: readonly DeliveredMessage[];
}

/** One message of a {@link DeliverEvent}. */
export interface DeliveredMessage {
  /** The message's id. */
  readonly id: string | undefined;
  /** The message's headers. */
  readonly headers: Readonly<Record<string, string>>;
  /** The number of the attempt. */
  readonly attempt: number;
  /** The size of the body, in bytes. */
  readonly size: number;
}

/**
 * Payload of the tracing channel `anybroker:settle`. The traced operation is one settlement, until the driver reports
 * it.
 */
export interface SettleEvent {
  /** Which broker object it was. */
  readonly broker: BrokerIdentity;
  /** The queue or subscription of the message. */
  readonly source: MessageSource;
  /** The message's id. */
  readonly id: string | undefined;
  /** The settlement: `ack`, `retry`, `deadLetter`, `reject` or `release`. */
  readonly action: string;
  /** The number of the attempt. */
  readonly attempt: number;
}

/** Payload of the channel `anybroker:reconnect`: a link was lost, an attempt to reconnect failed, or a link is up. */
export interface ReconnectEvent {
  /** Which broker object it was. */
  readonly broker: BrokerIdentity;
  /** The kind of event. */
  readonly state: "lost" | "failed" | "up";
  /** Why the link was lost or the attempt failed. */
  readonly error: BrokerError | undefined;
}

/** Payload of the channel `anybroker:drift`: an entity differs from what was asked for. */
export interface DriftEvent extends Drift {
  /** Which broker object it was. */
  readonly broker: BrokerIdentity;
}

/** Payload of the channels `anybroker:dead-letter` and `anybroker:discard`. */
export interface GiveUpEvent {
  /** Which broker object it was. */
  readonly broker: BrokerIdentity;
  /** The queue or subscription of the message. */
  readonly source: MessageSource;
  /** The message's id. */
  readonly id: string | undefined;
  /** The number of the attempt. */
  readonly attempt: number;
  /** Why the message was given up or dropped. */
  readonly reason: string;
}

/** Payload of the channel `anybroker:unrouted`: no subscription of the topic got a message. At most one a second for each topic. */
export interface UnroutedEvent {
  /** The broker object that published it. */
  readonly broker: BrokerIdentity;
  /** The name of the topic. */
  readonly topic: string;
  /** The message's id. */
  readonly id: string;
}

export const sendTracing: TracingChannel<SendEvent> = tracingChannel("anybroker:send");
export const deliverTracing: TracingChannel<DeliverEvent> = tracingChannel("anybroker:deliver");
export const settleTracing: TracingChannel<SettleEvent> = tracingChannel("anybroker:settle");

const reconnect = channel("anybroker:reconnect");
const drift = channel("anybroker:drift");
const deadLetter = channel("anybroker:dead-letter");
const discard = channel("anybroker:discard");
const unrouted = channel("anybroker:unrouted");

export const events = {
  reconnect: (event: ReconnectEvent): void => reconnect.publish(event),
  drift: (event: DriftEvent): void => drift.publish(event),
  deadLetter: (event: GiveUpEvent): void => deadLetter.publish(event),
  discard: (event: GiveUpEvent): void => discard.publish(event),
  unrouted: (event: UnroutedEvent): void => unrouted.publish(event),
};
