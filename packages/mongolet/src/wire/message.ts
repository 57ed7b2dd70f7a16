/** Reads requests (OP_MSG, and OP_QUERY for the legacy handshake) and frames replies. */
import { type Doc, decode } from '../value/codec.ts';
import { HEADER_BYTES, MalformedMessageError } from './framing.ts';
import { operationTime } from './operation-time.ts';
import { RawDocument, type ReplyDoc, writeDocument } from './reply-writer.ts';

const OP_REPLY = 1;
const OP_QUERY = 2004;
const OP_MSG = 2013;

const FLAG_CHECKSUM = 1;
const FLAG_MORE_TO_COME = 2;
/** Bits 0 to 15 must be understood by the receiver; of these only checksum and moreToCome exist. */
const REQUIRED_FLAGS_MASK = 0xffff;

/** One request as it came over the wire. */
export interface Request {
  readonly requestId: number;
  readonly name: string;
  readonly command: Doc;
  /** Kind 1 sections: the documents' raw bytes by the name of the array they stand for. */
  readonly sequences: ReadonlyMap<string, Buffer[]>;
  readonly moreToCome: boolean;
  /** Came as OP_QUERY, and wants OP_REPLY back. */
  readonly legacy: boolean;
}

/** Parses one complete message; throws MalformedMessageError when its structure is broken. */
export function parseMessage(frame: Buffer): Request {
  const requestId = frame.readInt32LE(4);
  const opCode = frame.readInt32LE(12);
  try {
    if (opCode === OP_MSG) return parseMsg(frame, requestId);
    if (opCode === OP_QUERY) return parseQuery(frame, requestId);
  } catch (error) {
    if (error instanceof MalformedMessageError) throw error;
    throw new MalformedMessageError(error instanceof Error ? error.message : String(error));
  }
  throw new MalformedMessageError(`opcode ${opCode} is not supported`);
}

function parseMsg(frame: Buffer, requestId: number): Request {
  const flags = frame.readUInt32LE(HEADER_BYTES);
  if (flags & REQUIRED_FLAGS_MASK & ~(FLAG_CHECKSUM | FLAG_MORE_TO_COME)) {
    throw new MalformedMessageError(`required flag bits ${flags} are not known`);
  }
  // The checksum is optional by specification, and a Unix socket or loopback does not damage bytes.
  const end = frame.length - (flags & FLAG_CHECKSUM ? 4 : 0);
  const sequences = new Map<string, Buffer[]>();
  let command: Doc | undefined;
  let offset = HEADER_BYTES + 4;
  while (offset < end) {
    const kind = frame[offset];
    offset += 1;
    if (kind === 0) {
      if (command) throw new MalformedMessageError('a message has one body');
      const body = documentAt(frame, offset, end);
      command = decode(body);
      offset += body.length;
    } else if (kind === 1) {
      const lengthBytes = frame.readInt32LE(offset);
      if (lengthBytes < 5 || offset + lengthBytes > end) {
        throw new MalformedMessageError(`document sequence of ${lengthBytes} bytes is out of range`);
      }
      readSequence(frame.subarray(offset, offset + lengthBytes), sequences);
      offset += lengthBytes;
    } else {
      throw new MalformedMessageError(`section kind ${kind} is not known`);
    }
  }
  if (!command) throw new MalformedMessageError('a message needs a body');
  return {
    requestId,
    name: Object.keys(command)[0] ?? '',
    command,
    sequences,
    moreToCome: (flags & FLAG_MORE_TO_COME) !== 0,
    legacy: false,
  };
}

function readSequence(section: Buffer, sequences: Map<string, Buffer[]>): void {
  const nameEnd = section.indexOf(0, 4);
  if (nameEnd < 0) throw new MalformedMessageError('a document sequence needs a name');
  const name = section.toString('utf8', 4, nameEnd);
  if (sequences.has(name)) throw new MalformedMessageError(`document sequence ${name} came twice`);
  const documents: Buffer[] = [];
  let offset = nameEnd + 1;
  while (offset < section.length) {
    const document = documentAt(section, offset, section.length);
    documents.push(document);
    offset += document.length;
  }
  sequences.set(name, documents);
}

function parseQuery(frame: Buffer, requestId: number): Request {
  const nameEnd = frame.indexOf(0, HEADER_BYTES + 4);
  if (nameEnd < 0) throw new MalformedMessageError('a query needs a collection name');
  const namespace = frame.toString('utf8', HEADER_BYTES + 4, nameEnd);
  const command = decode(documentAt(frame, nameEnd + 9, frame.length));
  command.$db = namespace.slice(0, namespace.indexOf('.'));
  return {
    requestId,
    name: Object.keys(command)[0] ?? '',
    command,
    sequences: new Map(),
    moreToCome: false,
    legacy: true,
  };
}

function documentAt(bytes: Buffer, offset: number, end: number): Buffer {
  const lengthBytes = bytes.readInt32LE(offset);
  if (lengthBytes < 5 || offset + lengthBytes > end || bytes[offset + lengthBytes - 1] !== 0) {
    throw new MalformedMessageError(`document of ${lengthBytes} bytes is out of range`);
  }
  return bytes.subarray(offset, offset + lengthBytes);
}

const NOTHING = Buffer.alloc(0);

let lastReplyId = 0;

/** Encodes a reply as a complete message. */
export function encodeReply(request: Request, reply: ReplyDoc | RawDocument): Buffer {
  const prefixBytes = request.legacy ? HEADER_BYTES + 20 : HEADER_BYTES + 5;
  const trailer = request.legacy ? NOTHING : operationTime();
  const message =
    reply instanceof RawDocument
      ? appended(reply.bytes, prefixBytes, trailer)
      : writeDocument(reply, prefixBytes, trailer);
  lastReplyId = (lastReplyId + 1) & 0x7fffffff;
  message.writeInt32LE(message.length, 0);
  message.writeInt32LE(lastReplyId, 4);
  message.writeInt32LE(request.requestId, 8);
  message.writeInt32LE(request.legacy ? OP_REPLY : OP_MSG, 12);
  message.fill(0, HEADER_BYTES, prefixBytes);
  // OP_REPLY: flags 8 (await capable), cursor 0, from 0, one document.
  if (request.legacy) {
    message.writeInt32LE(8, HEADER_BYTES);
    message.writeInt32LE(1, HEADER_BYTES + 16);
  }
  return message;
}

/** A document's bytes with one more element, and room before them. */
function appended(bytes: Uint8Array, prefixBytes: number, element: Buffer): Buffer {
  const message = Buffer.allocUnsafe(prefixBytes + bytes.length + element.length);
  message.set(bytes, prefixBytes);
  const end = prefixBytes + bytes.length - 1;
  message.set(element, end);
  message[end + element.length] = 0;
  message.writeInt32LE(bytes.length + element.length, prefixBytes);
  return message;
}
