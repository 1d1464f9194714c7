import { binaryAt, endOf, MalformedBytes, numberAt, textAt } from "../wire/reader.ts";

/** The sections of an encoded message: where the value of each one is, after its descriptor. */
export interface Sections {
  readonly header: number | undefined;
  readonly deliveryAnnotations: number | undefined;
  readonly messageAnnotations: number | undefined;
  readonly properties: Range | undefined;
  readonly applicationProperties: Range | undefined;
  /** Body and footer. */
  readonly body: readonly Range[];
}

/** A whole section, with its descriptor. */
export interface Range {
  readonly start: number;
  /** Where the value is. */
  readonly value: number;
  readonly end: number;
}

const CODES: Readonly<Record<string, number>> = {
  "amqp:header:list": 0x70,
  "amqp:delivery-annotations:map": 0x71,
  "amqp:message-annotations:map": 0x72,
  "amqp:properties:list": 0x73,
  "amqp:application-properties:map": 0x74,
  "amqp:data:binary": 0x75,
  "amqp:amqp-sequence:list": 0x76,
  "amqp:amqp-value:*": 0x77,
  "amqp:footer:map": 0x78,
};

/** The code of the data sections that a batch consists of. */
const DATA = 0x75;

/** AMQP 1.0, part 3.2. */
export function sectionsOf(bytes: Buffer): Sections {
  let header: number | undefined;
  let deliveryAnnotations: number | undefined;
  let messageAnnotations: number | undefined;
  let properties: Range | undefined;
  let applicationProperties: Range | undefined;
  const body: Range[] = [];
  for (const { code, range } of eachSection(bytes)) {
    switch (code) {
      case 0x70:
        header = range.value;
        break;
      case 0x71:
        deliveryAnnotations = range.value;
        break;
      case 0x72:
        messageAnnotations = range.value;
        break;
      case 0x73:
        properties = range;
        break;
      case 0x74:
        applicationProperties = range;
        break;
      case DATA:
      case 0x76:
      case 0x77:
      case 0x78:
        body.push(range);
        break;
      default:
        throw new MalformedBytes(`there is no section with the code 0x${code.toString(16)}`);
    }
  }
  return { header, deliveryAnnotations, messageAnnotations, properties, applicationProperties, body };
}

/** The encoded messages of a batch. */
export function messagesOfBatch(bytes: Buffer): readonly Buffer[] {
  const messages: Buffer[] = [];
  for (const { code, range } of eachSection(bytes)) {
    if (code !== DATA) continue;
    const message = binaryAt(bytes, range.value);
    if (message === undefined) throw new MalformedBytes("a data section has no binary value");
    messages.push(message);
  }
  return messages;
}

function* eachSection(bytes: Buffer): Generator<{ readonly code: number; readonly range: Range }> {
  let start = 0;
  while (start < bytes.length) {
    if (bytes[start] !== 0) throw new MalformedBytes("a message consists of described sections");
    const value = endOf(bytes, start + 1);
    const code = numberAt(bytes, start + 1) ?? CODES[textAt(bytes, start + 1) ?? ""];
    if (code === undefined) throw new MalformedBytes("a section has an unknown descriptor");
    const end = endOf(bytes, value);
    yield { code, range: { start, value, end } };
    start = end;
  }
}
