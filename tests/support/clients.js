// What a JavaScript program does with an HTTP service: node's own fetch, and WebSockets by the `ws` package.
//
//   node clients.js fetch URL     checks downloads, uploads, HEAD, 404, an abort and many at a time; prints "ok"
//   node clients.js events URL    prints each event of a stream as a line when it comes
//   node clients.js echo URL N    sends N messages, text and binary, and checks that each comes back; after half of them
//                                 it prints "half" and goes on when it reads a line
//   node clients.js serve         a WebSocket service that echoes; prints its port
"use strict";
const crypto = require("node:crypto");
const readline = require("node:readline");

const sha256 = (bytes) => crypto.createHash("sha256").update(bytes).digest("hex");

function check(condition, what) {
  if (!condition) throw new Error(what);
}

async function fetchEverything(url) {
  const whole = Buffer.from(await (await fetch(`${url}/file`)).arrayBuffer());
  const part = await fetch(`${url}/file`, { headers: { Range: "bytes=100-199" } });
  check(part.status === 206, "a part");
  check(Buffer.from(await part.arrayBuffer()).equals(whole.subarray(100, 200)), "the part's bytes");
  const head = await fetch(`${url}/file`, { method: "HEAD" });
  check(head.ok && Number(head.headers.get("content-length")) === whole.length, "HEAD");
  const known = await fetch(`${url}/file`, { headers: { "If-None-Match": head.headers.get("etag") } });
  check(known.status === 304, "what is known already");
  const gone = await fetch(`${url}/gone`);
  check(gone.status === 404 && (await gone.text()).includes("404"), "what is not there");

  async function* pieces() {
    for (let at = 0; at < whole.length; at += 50_000) yield whole.subarray(at, at + 50_000);
  }
  const bodies = { length: whole, chunked: new ReadableStream({
    async start(controller) {
      for await (const piece of pieces()) controller.enqueue(new Uint8Array(piece));
      controller.close();
    },
  }) };
  for (const [name, body] of Object.entries(bodies)) {
    const put = await fetch(`${url}/put/${name}`, { method: "PUT", body, duplex: "half" });
    check(put.status === 201, `PUT ${name}: ${put.status}`);
    const back = Buffer.from(await (await fetch(`${url}/put/${name}`)).arrayBuffer());
    check(sha256(back) === sha256(whole), `what was PUT: ${name}`);
  }

  const abort = new AbortController();
  const left = await fetch(`${url}/file`, { signal: abort.signal });
  await left.body.getReader().read();
  abort.abort();

  const many = await Promise.all([...Array(100).keys()].map(async (n) => (await fetch(`${url}/headers?n=${n}`)).text()));
  many.forEach((text, n) => check(text === `GET /headers?n=${n} HTTP/1.1\n`, `one of many: ${text}`));
  console.log("ok");
}

async function printEvents(url) {
  const answer = await fetch(url);
  check(answer.headers.get("content-type") === "text/event-stream", "an event stream");
  const decoder = new TextDecoder();
  for await (const bytes of answer.body) process.stdout.write(decoder.decode(bytes).trim() + "\n");
}

function message(n) {
  return n % 10 === 0 ? crypto.createHash("shake256", { outputLength: n }).update("m").digest() : `message ${n}`;
}

async function echo(url, count) {
  const { WebSocket } = require("ws");
  const socket = new WebSocket(url);
  const lines = readline.createInterface({ input: process.stdin });
  const go = new Promise((resolve) => lines.once("line", resolve));
  let seen = 0;
  const done = new Promise((resolve, reject) => {
    socket.on("error", reject);
    socket.on("close", () => reject(new Error(`closed after ${seen} messages`)));
    socket.on("message", (data, binary) => {
      const expected = message(seen);
      const same = binary ? Buffer.isBuffer(expected) && data.equals(expected) : data.toString() === expected;
      if (!same) reject(new Error(`message ${seen} came back as another`));
      if (++seen === count / 2) console.log("half");
      if (seen === count) resolve();
    });
  });
  await new Promise((resolve) => socket.once("open", resolve));
  for (let n = 0; n < count; ++n) {
    if (n === count / 2 + 100) await go; // some are on their way meanwhile
    socket.send(message(n));
    if (n % 100 === 0) await new Promise(setImmediate);
  }
  await done;
  socket.removeAllListeners("close");
  const pong = new Promise((resolve) => socket.once("pong", resolve));
  socket.ping();
  await pong;
  const closed = new Promise((resolve) => socket.once("close", (code) => resolve(code)));
  socket.close(4321);
  check((await closed) === 4321, "the code of closing");
  lines.close();
  console.log(`ok ${socket.extensions}`);
}

function serve() {
  const { WebSocketServer } = require("ws");
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: true });
  server.on("connection", (socket) => socket.on("message", (data, binary) => socket.send(data, { binary })));
  server.on("listening", () => console.log(server.address().port));
}

const [, , what, url, count] = process.argv;
const jobs = { fetch: () => fetchEverything(url), events: () => printEvents(url), echo: () => echo(url, Number(count)), serve };
Promise.resolve(jobs[what]()).catch((error) => {
  console.error(error);
  process.exit(1);
});
