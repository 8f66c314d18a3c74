import { describe, expect, test } from "bun:test";
import type { Socket } from "bun";
import fc from "fast-check";
import { Connection } from "./connection.ts";
import { FakeSocket, Host } from "./connection-fixture.ts";

function open(host = new Host()) {
  const socket = new FakeSocket();
  const connection = new Connection(socket as unknown as Socket<Connection>, host);
  return { host, socket, connection };
}

const settle = async () => {
  for (let i = 0; i < 20; i++) await null;
};
const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));

const request = fc
  .record({
    method: fc.constantFrom("GET", "POST", "PUT", "DELETE", "PURGE"),
    target: fc.stringMatching(/^\/[a-z0-9]{0,8}(\/[a-z0-9]{1,4})?(\?[a-z]=[a-z0-9]{0,5})?$/),
    fields: fc.array(fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,8}: ?[ -~]{0,20}$/), { maxLength: 4 }),
    body: fc.option(
      fc.string({ unit: "binary", maxLength: 200 }).map((text) => text.replace(/[^\0-\xff]/g, "?")),
    ),
    chunks: fc.option(fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 5 })),
  })
  .map(({ method, target, fields, body, chunks }) => {
    const safe = fields.filter(
      (field) => !/^(host|content-length|transfer-encoding|connection|expect)/i.test(field),
    );
    let text = `${method} ${target} HTTP/1.1\r\nHost: shop.test\r\n${safe.map((field) => `${field}\r\n`).join("")}`;
    if (body === null) text += "\r\n";
    else if (chunks === null) text += `Content-Length: ${body.length}\r\n\r\n${body}`;
    else text += `Transfer-Encoding: chunked\r\n\r\n${chunked(body, chunks)}`;
    return { text, heard: { method, target, host: "shop.test", body: body ?? "" } };
  });

function chunked(body: string, sizes: readonly number[]): string {
  let text = "";
  for (let at = 0, i = 0; at < body.length; i++) {
    const piece = body.slice(at, at + sizes[i % sizes.length]!);
    text += `${piece.length.toString(16)}${i % 2 === 0 ? "" : ";x=y"}\r\n${piece}\r\n`;
    at += piece.length;
  }
  return `${text}0\r\nTrailer: ignored\r\n\r\n`;
}

function* pieces(bytes: Uint8Array, cuts: readonly number[]) {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  let from = 0;
  for (const to of [...places, bytes.length]) {
    if (to > from) yield bytes.slice(from, to);
    from = to;
  }
}

describe("requests", () => {
  test("are the same however their bytes are cut, and are answered in their order", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(request, { minLength: 1, maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        async (requests, cuts) => {
          const { host, socket, connection } = open();
          for (const piece of pieces(bytesOf(requests.map(({ text }) => text).join("")), cuts)) {
            connection.onData(piece);
            if (cuts.length % 2 === 0) await settle();
          }
          for (let i = 0; i < requests.length; i++) await settle();
          expect(host.heard).toEqual(requests.map(({ heard }) => heard));
          const numbers = [...socket.sent.matchAll(/\r\n\r\nanswer (\d+)/g)].map((match) => Number(match[1]));
          expect(numbers).toEqual(requests.map((_, index) => index + 1));
          expect(host.pending).toBe(0);
          expect(socket.paused).toBe(false);
        },
      ),
      { numRuns: 100 },
    );
  });

  test("thousands sent ahead at once are no deep recursion", async () => {
    const { host, connection } = open();
    connection.onData(bytesOf("GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(5_000)));
    for (let i = 0; i < 2_000 && host.heard.length < 5_000; i++) await settle();
    expect(host.heard.length).toBe(5_000);
  });

  test("sent far ahead of a pending answer make the client wait", async () => {
    const { host, socket, connection } = open();
    connection.onData(bytesOf("POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabc"));
    connection.onData(bytesOf("de"));
    const ahead = `GET /${"x".repeat(1000)} HTTP/1.1\r\nHost: a\r\n\r\n`;
    connection.onData(bytesOf(ahead.repeat(100)));
    expect(socket.paused).toBe(true);
    for (let i = 0; i < 200; i++) await settle();
    expect(host.heard.length).toBe(101);
    expect(socket.paused).toBe(false);
  });
});

describe("garbage", () => {
  test("is refused or waited for, and nothing is thrown", async () => {
    const almost = fc.constantFrom(
      "GET / HTTP/1.1\r\n",
      "Host: a\r\n",
      "\r\n",
      ":",
      " ",
      "\0",
      "\n",
      "é",
      "5\r\nhello\r\n",
    );
    const noise = fc.oneof(almost, fc.string({ maxLength: 20 }));
    await fc.assert(
      fc.asyncProperty(fc.array(noise, { maxLength: 15 }), async (parts) => {
        const { host, socket, connection } = open();
        for (const part of parts) connection.onData(new Uint8Array(Buffer.from(part)));
        await settle();
        for (const status of host.refused) expect([400, 431, 501, 505]).toContain(status);
        if (host.refused.length > 0) expect(socket.ended || socket.terminated).toBe(true);
        connection.onClose();
        await settle();
        expect(host.pending).toBe(0);
      }),
      { numRuns: 100 },
    );
  });

  const head = "GET / HTTP/1.1\r\nHost: a\r\n";
  const post = "POST / HTTP/1.1\r\nHost: a\r\n";
  const cases: readonly (readonly [string, string, number])[] = [
    ["no Host", "GET / HTTP/1.1\r\n\r\n", 400],
    ["two Hosts", `${head}Host: b\r\n\r\n`, 400],
    ["a Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400],
    ["a folded line", `${head}X: 1\r\n 2\r\n\r\n`, 400],
    ["a space before the colon", `${head}Content-Length : 5\r\n\r\n`, 400],
    ["a line without a colon", `${head}nonsense\r\n\r\n`, 400],
    ["a bare line feed in a field", `${head}X: 1\nY: 2\r\n\r\n`, 400],
    ["a zero byte", `${head}X: \0\r\n\r\n`, 400],
    ["length and encoding", `${post}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n`, 400],
    ["two lengths", `${post}Content-Length: 5\r\nContent-Length: 6\r\n\r\n`, 400],
    ["lengths in a list", `${post}Content-Length: 5, 5\r\n\r\n`, 400],
    ["a signed length", `${post}Content-Length: +5\r\n\r\n`, 400],
    ["a hexadecimal length", `${post}Content-Length: 0x5\r\n\r\n`, 400],
    ["an unknown encoding", `${post}Transfer-Encoding: xchunked\r\n\r\n`, 501],
    ["encodings in a list", `${post}Transfer-Encoding: gzip, chunked\r\n\r\n`, 501],
    ["chunked twice", `${post}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n`, 501],
    ["chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400],
    ["a chunk size with a prefix", `${post}Transfer-Encoding: chunked\r\n\r\n0x5\r\n`, 400],
    ["a chunk size with a sign", `${post}Transfer-Encoding: chunked\r\n\r\n-1\r\n`, 400],
    ["a chunk size too long", `${post}Transfer-Encoding: chunked\r\n\r\n100000000\r\n`, 400],
    ["a chunk longer than announced", `${post}Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n`, 400],
    ["a chunk line that ends in a bare line feed", `${post}Transfer-Encoding: chunked\r\n\r\n2\nab\r\n`, 400],
    ["HTTP/2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505],
    ["HTTP/0.9", "GET /\r\n\r\n", 400],
    ["lower case", "GET / http/1.1\r\nHost: a\r\n\r\n", 400],
    ["a method that is no token", "G@T / HTTP/1.1\r\nHost: a\r\n\r\n", 400],
    ["two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400],
    ["a target that is no path", "GET shop HTTP/1.1\r\nHost: a\r\n\r\n", 400],
    ["a tunnel", "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 400],
    ["a TLS greeting", "\x16\x03\x01\x02\0\x01", 400],
    ["a head too large", `${head}X: ${"x".repeat(5000)}\r\n\r\n`, 431],
    ["too many fields", `${head}${"A: b\r\n".repeat(201)}\r\n`, 431],
  ];
  for (const [what, text, status] of cases) {
    test(`${what} is ${status}, and nothing after it is read`, async () => {
      const { host, socket, connection } = open();
      connection.onData(bytesOf(text));
      connection.onData(bytesOf(`${head}\r\n`));
      await settle();
      expect(host.refused).toEqual([status]);
      expect(host.heard.filter(({ method }) => method === "GET")).toEqual([]);
      expect(socket.sent).toContain(`HTTP/1.1 ${status} `);
      expect(socket.sent).toContain("connection: close\r\n");
      expect(socket.ended).toBe(true);
    });
  }
});

describe("targets", () => {
  for (const [given, heard] of [
    ["/a/../b", "/b"],
    ["/%2e%2e/b?x=/../y", "/b?x=/../y"],
    ["/%75sers/%2F", "/users/%2F"],
    ["/a b", undefined],
    ["/caf\xc3\xa9", "/caf%C3%A9"],
    ["/a?q=%zz", "/a?q=%zz"],
    ["//evil.example/x", "//evil.example/x"],
    ["http://other.test/p?x=1", "/p?x=1"],
    ["/a#b", "/a"],
  ] as const) {
    test(`${given} is ${heard ?? "refused"}`, async () => {
      const { host, connection } = open();
      connection.onData(bytesOf(`GET ${given} HTTP/1.1\r\nHost: a\r\n\r\n`));
      await settle();
      if (heard === undefined) expect(host.refused).toEqual([400]);
      else expect(host.heard[0]?.target).toBe(heard);
    });
  }

  test("in absolute form name the host, whatever the Host field says", async () => {
    const { host, connection } = open();
    connection.onData(bytesOf("GET http://right.test/ HTTP/1.1\r\nHost: wrong.test\r\n\r\n"));
    connection.onData(bytesOf("GET / HTTP/1.1\r\nHost: wrong.test\r\n\r\n"));
    await settle();
    expect(host.heard.map((heard) => heard.host)).toEqual(["right.test", "wrong.test"]);
  });
});

describe("answers", () => {
  test("arrive whole however little the client takes at a time", async () => {
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(fc.integer({ min: 0, max: 3000 })), async (sizes) => {
        const { host, socket, connection } = open();
        host.answerBytes = 100_000;
        socket.takes = () => sizes.next().value ?? 1;
        connection.onData(bytesOf("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n"));
        for (let i = 0; i < 5_000 && (socket.isFull || host.heard.length < 2); i++) {
          await settle();
          socket.makeRoom();
          connection.onDrain();
        }
        const parts = socket.sent.split("HTTP/1.1 200 OK\r\n").slice(1);
        expect(parts.map((part) => part.split("\r\n\r\n")[1])).toEqual([
          `answer 1${".".repeat(100_000)}`,
          `answer 2${".".repeat(100_000)}`,
        ]);
      }),
      { numRuns: 20 },
    );
  });

  test("to HTTP/1.0 end the connection, unless it is to be kept", async () => {
    const once = open();
    once.connection.onData(bytesOf("GET / HTTP/1.0\r\n\r\n"));
    await settle();
    expect(once.socket.sent).toContain("connection: close\r\n");
    expect(once.socket.ended).toBe(true);
    const kept = open();
    kept.connection.onData(bytesOf("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
    await settle();
    expect(kept.socket.sent).toContain("connection: keep-alive\r\n");
    expect(kept.socket.ended).toBe(false);
  });

  test("tell a client that waits to send its body", async () => {
    const { host, socket, connection } = open();
    connection.onData(
      bytesOf("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"),
    );
    await settle();
    expect(socket.sent).toBe("HTTP/1.1 100 Continue\r\n\r\n");
    connection.onData(bytesOf("ab"));
    await settle();
    expect(host.heard[0]?.body).toBe("ab");
    expect(socket.sent).toContain("HTTP/1.1 200 OK");
  });
});

describe("time", () => {
  const later = performance.now() + 60_000;

  test("an idle connection ends without a word", () => {
    const { socket, connection } = open();
    connection.sweep(performance.now());
    expect(socket.ended).toBe(false);
    connection.sweep(later);
    expect(socket.ended).toBe(true);
    expect(socket.sent).toBe("");
  });

  test("a head that does not come is 408", async () => {
    const { host, socket, connection } = open();
    connection.onData(bytesOf("GET / HTT"));
    connection.sweep(later);
    expect(host.refused).toEqual([408]);
    expect(socket.ended).toBe(true);
  });

  test("a client that takes nothing of its answer is cut off", async () => {
    const { socket, connection } = open();
    socket.takes = () => 10;
    connection.onData(bytesOf("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    await settle();
    connection.sweep(later);
    expect(socket.terminated).toBe(true);
  });

  test("a request under way is not the connection's to end", () => {
    const { host, socket, connection } = open();
    host.handle = () => {};
    connection.onData(bytesOf("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    connection.sweep(later);
    connection.sweep(later + 60_000);
    expect(socket.ended || socket.terminated).toBe(false);
  });
});

test("the client's address is its own, without the prefix of IPv6", () => {
  const { connection } = open();
  expect(connection.address).toBe("10.0.0.7");
});
