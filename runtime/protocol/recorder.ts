import { MicrocosmError } from "../../sdk/errors.ts";
import { FrameDecoder, type FrameReceiver } from "./decoder.ts";
import { FrameEncoder } from "./encoder.ts";

/** Writes down what it hears, in a form that can be compared. */
export class Recorder implements FrameReceiver {
  readonly heard: unknown[][] = [];
  open = true;

  call(stream: number, deadline: number, head: unknown, body: Uint8Array, streamed: boolean): void {
    this.heard.push(["call", stream, deadline, head, text(body), streamed]);
  }
  reply(stream: number, head: unknown, body: Uint8Array, streamed: boolean): void {
    this.heard.push(["reply", stream, head, text(body), streamed]);
  }
  fail(stream: number, error: MicrocosmError): void {
    this.heard.push(["fail", stream, error.code, error.message]);
  }
  chunk(stream: number, bytes: Uint8Array): void {
    this.heard.push(["chunk", stream, text(bytes)]);
  }
  end(stream: number): void {
    this.heard.push(["end", stream]);
  }
  credit(stream: number, bytes: number): void {
    this.heard.push(["credit", stream, bytes]);
  }
  stop(stream: number): void {
    this.heard.push(["stop", stream]);
  }
  cancel(stream: number): void {
    this.heard.push(["cancel", stream]);
  }
  notify(head: unknown, body: Uint8Array): void {
    this.heard.push(["notify", head, text(body)]);
  }
  goaway(error: MicrocosmError | undefined): void {
    this.heard.push(["goaway", error?.code, error?.message]);
  }
}

export function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

export function newEncoder(): FrameEncoder {
  return new FrameEncoder(() => {});
}

export function written(encoder: FrameEncoder): Uint8Array {
  return encoder.bytes.slice(encoder.offset, encoder.offset + encoder.length);
}

export function frames(write: (encoder: FrameEncoder) => void): Uint8Array {
  const encoder = newEncoder();
  encoder.hello("orders", "orders-1", 2);
  write(encoder);
  return written(encoder);
}

export function decode(...pieces: Uint8Array[]): unknown[][] {
  const recorder = new Recorder();
  const decoder = new FrameDecoder((...hello) => {
    recorder.heard.push(["hello", ...hello]);
    return recorder;
  });
  for (const piece of pieces) decoder.push(piece);
  return recorder.heard;
}

/** What the decoder throws for these bytes after a good hello. */
export function refusal(bytes: Uint8Array): string {
  try {
    decode(
      frames(() => {}),
      bytes,
    );
    return "none";
  } catch (error) {
    return error instanceof MicrocosmError ? error.code : `not ours: ${error}`;
  }
}
