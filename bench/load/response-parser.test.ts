import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Parsed, ResponseParser } from "./response-parser.ts";

const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));

interface Options {
  readonly isHead?: boolean;
  readonly cuts?: readonly number[];
}

/** Feeds `text`, cut at the places given, and returns the last state. */
function parse(text: string, options: Options = {}): { parser: ResponseParser; parsed: Parsed } {
  const parser = new ResponseParser();
  parser.begin(options.isHead ?? false, true);
  const all = bytesOf(text);
  const cuts = [...new Set(options.cuts ?? [])]
    .filter((cut) => cut > 0 && cut < all.length)
    .sort((a, b) => a - b);
  let parsed: Parsed = "more";
  let from = 0;
  for (const cut of [...cuts, all.length]) {
    expect(parsed).toBe("more");
    parsed = parser.push(all.slice(from, cut));
    from = cut;
  }
  return { parser, parsed };
}

const bodyOf = (parser: ResponseParser) => Buffer.from(parser.body()).toString("latin1");

const chunked = (parts: readonly string[]) =>
  `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${parts
    .map((part) => `${part.length.toString(16)};ext=1\r\n${part}\r\n`)
    .join("")}0\r\nTrailer: x\r\n\r\n`;

const whole: readonly { name: string; text: string; status: number; body: string; keepAlive: boolean }[] = [
  {
    name: "a length",
    text: "HTTP/1.1 201 Created\r\nLocation: /a\r\nCONTENT-LENGTH:  5 \r\n\r\nhello",
    status: 201,
    body: "hello",
    keepAlive: true,
  },
  {
    name: "no content",
    text: "HTTP/1.1 204 No Content\r\nX: y\r\n\r\n",
    status: 204,
    body: "",
    keepAlive: true,
  },
  {
    name: "not modified",
    text: "HTTP/1.1 304\r\ncontent-length: 99\r\n\r\n",
    status: 304,
    body: "",
    keepAlive: true,
  },
  {
    name: "chunks",
    text: chunked(["hello ", "w", "orld\r\n0\r\n\r\n"]),
    status: 200,
    body: "hello world\r\n0\r\n\r\n",
    keepAlive: true,
  },
  {
    name: "an interim answer first",
    text: "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
    status: 200,
    body: "ok",
    keepAlive: true,
  },
  {
    name: "close",
    text: "HTTP/1.1 500 Oops\r\nConnection: Close\r\nContent-Length: 0\r\n\r\n",
    status: 500,
    body: "",
    keepAlive: false,
  },
  {
    name: "HTTP/1.0",
    text: "HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\nx",
    status: 200,
    body: "x",
    keepAlive: false,
  },
  {
    name: "bare line feeds",
    text: "HTTP/1.1 200 OK\ncontent-length: 1\n\nx",
    status: 200,
    body: "x",
    keepAlive: true,
  },
];

describe("a response with", () => {
  for (const { name, text, status, body, keepAlive } of whole) {
    test(`${name} is read, however it is cut`, () => {
      fc.assert(
        fc.property(fc.array(fc.nat(text.length), { maxLength: 12 }), (cuts) => {
          const { parser, parsed } = parse(text, { cuts });
          expect(parsed).toBe("done");
          expect(parser.status).toBe(status);
          expect(bodyOf(parser)).toBe(body);
          expect(parser.bodyBytes).toBe(body.length);
          expect(parser.keepAlive).toBe(keepAlive);
          expect(parser.headText.startsWith(`HTTP/1.${text[7]} ${status}`)).toBe(true);
        }),
      );
    });
  }

  test("any chunks is read, however it is cut", () => {
    const parts = fc.array(fc.string({ unit: "binary-ascii", minLength: 1, maxLength: 300 }), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(parts, fc.array(fc.nat(3000), { maxLength: 20 }), (texts, cuts) => {
        const { parser, parsed } = parse(chunked(texts), { cuts });
        expect(parsed).toBe("done");
        expect(bodyOf(parser)).toBe(texts.join(""));
      }),
    );
  });

  test("neither length nor chunks ends when the connection does", () => {
    const { parser, parsed } = parse("HTTP/1.1 200 OK\r\n\r\nhello", { cuts: [12, 20] });
    expect(parsed).toBe("more");
    expect(parser.end()).toBe("done");
    expect(bodyOf(parser)).toBe("hello");
    expect(parser.keepAlive).toBe(false);
  });

  test("a length to HEAD has no body", () => {
    const text = "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n";
    expect(parse(text, { isHead: true }).parsed).toBe("done");
    expect(parse(text).parsed).toBe("more");
  });
});

describe("garbage is", () => {
  const cases: Readonly<Record<string, string>> = {
    "another protocol": "SSH-2.0-OpenSSH_9.2\r\n",
    "HTTP/2": "HTTP/2 200\r\n\r\n",
    "no status": "HTTP/1.1 abc\r\n\r\n",
    "a status out of range": "HTTP/1.1 999 \r\n\r\n",
    "a length that is no number": "HTTP/1.1 200 OK\r\ncontent-length: 5x\r\n\r\nhello",
    "more than its length": "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhello",
    "a chunk size that is none": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    "a chunk longer than its size": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nab\r\n",
    "a head without end": `HTTP/1.1 200 OK\r\n${"x: y\r\n".repeat(20_000)}`,
  };
  for (const [name, text] of Object.entries(cases)) {
    test(name, () => {
      const { parser, parsed } = parse(text);
      expect(parsed).toBe("garbage");
      expect(parser.reason).not.toBe("");
    });
  }

  test("never more than an answer of its kind: any bytes end in one of the three states", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (noise, withHead) => {
        const parser = new ResponseParser();
        parser.begin(false, false);
        const head = bytesOf(withHead ? "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n" : "");
        expect(["more", "done", "garbage"]).toContain(parser.push(Buffer.concat([head, noise])));
      }),
    );
  });

  test("an answer that the close cuts short", () => {
    expect(parse("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello").parser.end()).toBe("garbage");
  });
});

test("one parser reads answer after answer, and keeps nothing that was not asked for", () => {
  const parser = new ResponseParser();
  for (const text of whole.map((entry) => entry.text)) {
    parser.begin(false, false);
    expect(parser.untouched).toBe(true);
    expect(parser.push(bytesOf(text))).toBe("done");
    expect(parser.body().length).toBe(0);
    expect(parser.headText).toBe("");
  }
});
