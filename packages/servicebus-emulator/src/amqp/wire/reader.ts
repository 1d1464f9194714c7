/** Bytes that are not AMQP 1.0. */
export class MalformedBytes extends Error {}

/** A list or a map: where its items begin, how many there are, and where it ends. */
export interface Compound {
  readonly count: number;
  readonly start: number;
  readonly end: number;
}

/** Where the value that begins at a position ends. Looks at its constructor only, not at its content. */
export function endOf(bytes: Buffer, position: number): number {
  const code = byteAt(bytes, position);
  if (code === 0) return endOf(bytes, endOf(bytes, position + 1));
  let end = position + 1;
  switch (code >>> 4) {
    case 0x4:
      break;
    case 0x5:
      end += 1;
      break;
    case 0x6:
      end += 2;
      break;
    case 0x7:
      end += 4;
      break;
    case 0x8:
      end += 8;
      break;
    case 0x9:
      end += 16;
      break;
    case 0xa:
    case 0xc:
    case 0xe:
      end += 1 + byteAt(bytes, position + 1);
      break;
    case 0xb:
    case 0xd:
    case 0xf:
      if (position + 5 > bytes.length) throw new MalformedBytes("a size is cut off");
      end += 4 + bytes.readUInt32BE(position + 1);
      break;
    default:
      throw new MalformedBytes(`there is no type with the code 0x${code.toString(16)}`);
  }
  if (end > bytes.length) throw new MalformedBytes("a value is cut off");
  return end;
}

/** The items of a list or a map; undefined if the value is something else. */
export function compoundAt(bytes: Buffer, position: number): Compound | undefined {
  const code = byteAt(bytes, position);
  const end = endOf(bytes, position);
  if (code === 0x45) return { count: 0, start: end, end };
  if (code === 0xc0 || code === 0xc1) {
    return { count: byteAt(bytes, position + 2), start: position + 3, end };
  }
  if (code !== 0xd0 && code !== 0xd1) return undefined;
  if (position + 9 > end) throw new MalformedBytes("a compound value is too short");
  return { count: bytes.readUInt32BE(position + 5), start: position + 9, end };
}

/** A string or a symbol; undefined if the value is something else. */
export function textAt(bytes: Buffer, position: number): string | undefined {
  const code = byteAt(bytes, position);
  const end = endOf(bytes, position);
  if (code === 0xa1 || code === 0xa3) return bytes.toString("utf8", position + 2, end);
  if (code === 0xb1 || code === 0xb3) return bytes.toString("utf8", position + 5, end);
  return undefined;
}

/** The bytes of a binary value; undefined if the value is something else. */
export function binaryAt(bytes: Buffer, position: number): Buffer | undefined {
  const code = byteAt(bytes, position);
  const end = endOf(bytes, position);
  if (code === 0xa0) return bytes.subarray(position + 2, end);
  if (code === 0xb0) return bytes.subarray(position + 5, end);
  return undefined;
}

/** An unsigned number, a boolean as 0 or 1, or a timestamp in ms; undefined if the value is something else. */
export function numberAt(bytes: Buffer, position: number): number | undefined {
  endOf(bytes, position);
  switch (byteAt(bytes, position)) {
    case 0x42:
    case 0x43:
    case 0x44:
      return 0;
    case 0x41:
      return 1;
    case 0x50:
    case 0x52:
    case 0x53:
    case 0x56:
      return bytes.readUInt8(position + 1);
    case 0x60:
      return bytes.readUInt16BE(position + 1);
    case 0x70:
      return bytes.readUInt32BE(position + 1);
    case 0x80:
      return Number(bytes.readBigUInt64BE(position + 1));
    case 0x81:
    case 0x83:
      return Number(bytes.readBigInt64BE(position + 1));
    default:
      return undefined;
  }
}

function byteAt(bytes: Buffer, position: number): number {
  const byte = bytes[position];
  if (byte === undefined) throw new MalformedBytes("a value is missing");
  return byte;
}
