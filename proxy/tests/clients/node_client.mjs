// Node's clients through the proxy: `node node_client.mjs FIRST SECOND`, the ports before a server of HTTP/1 and one of HTTP/2.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import http from "node:http";
import http2 from "node:http2";

const DATA = Buffer.alloc(3_000_000, "some text ");
const DIGEST = createHash("sha256").update(DATA).digest("hex");
const VARYING = ["date", "x-envoy-upstream-service-time"];
const names = (headers) => Object.keys(headers).filter((name) => !VARYING.includes(name)).sort().join(" ");

// node:http with an agent that keeps its connections.
function ask(agent, port, path, options = {}, body = undefined) {
  return new Promise((resolve, reject) => {
    const request = http.request({ agent, port, path, host: "127.0.0.1", ...options }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("error", reject);
      answer.on("end", () => resolve({ answer, request, body: Buffer.concat(parts), trailers: answer.trailers }));
    });
    request.on("error", reject);
    if (options.headers?.Expect) {
      request.on("continue", () => request.end(body));
      request.flushHeaders();
    } else {
      request.end(body);
    }
  });
}

async function first(port) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
  const seen = await ask(agent, port, "/headers?a=1", { headers: { "X-Case": "Mixed", "x-list": ["a", "b"] } });
  console.log("http", seen.answer.httpVersion, names(seen.answer.headers), seen.body.toString());
  const again = await ask(agent, port, "/length/1000000");
  assert(again.request.reusedSocket, "the connection was not used again");
  assert.equal(again.body.length, 1_000_000);
  for (const headers of [{}, { "Content-Length": DATA.length }, { "Transfer-Encoding": "chunked" }, { Expect: "100-continue" }]) {
    const counted = await ask(agent, port, "/count", { method: "POST", headers }, DATA);
    assert.equal(JSON.parse(counted.body).sha256, DIGEST, JSON.stringify(headers));
  }
  const head = await ask(agent, port, "/length/55", { method: "HEAD" });
  assert.equal(head.answer.headers["content-length"], "55");
  assert.equal((await ask(agent, port, "/status/204")).answer.statusCode, 204);
  const all = await Promise.all(Array.from({ length: 100 }, (_, number) => ask(agent, port, `/length/${number * 100}`)));
  all.forEach((it, number) => assert.equal(it.body.length, number * 100));
  // A request that is given up.
  const given = http.request({ agent, port, path: "/slow/1000", host: "127.0.0.1" });
  await new Promise((resolve) => {
    given.on("error", () => {});
    given.on("close", resolve);
    given.on("response", () => given.destroy());
    given.end();
  });
  assert.equal((await ask(agent, port, "/status/404")).answer.statusCode, 404);
  agent.destroy();
}

async function fetched(port) {
  const url = `http://127.0.0.1:${port}`;
  const redirected = await fetch(`${url}/redirect/3`);
  assert(redirected.redirected && redirected.status === 200);
  const text = await (await fetch(`${url}/chunks/500`)).text();
  assert.equal(text.split("\n").length, 501);
  const body = new ReadableStream({
    start(controller) {
      for (let at = 0; at < DATA.length; at += 50_000) controller.enqueue(new Uint8Array(DATA.subarray(at, at + 50_000)));
      controller.close();
    },
  });
  const counted = await (await fetch(`${url}/count`, { method: "PUT", body, duplex: "half" })).json();
  assert.equal(counted.sha256, DIGEST);
  const abort = new AbortController();
  const slow = await fetch(`${url}/slow/1000`, { signal: abort.signal });
  abort.abort();
  await assert.rejects(slow.text());
  console.log("fetch", names(Object.fromEntries((await fetch(`${url}/status/503`)).headers)));
}

function over(session, headers, body = undefined) {
  return new Promise((resolve, reject) => {
    const stream = session.request(headers, { endStream: body === undefined });
    const parts = [];
    let head;
    stream.on("response", (it) => (head = it));
    stream.on("data", (part) => parts.push(part));
    stream.on("end", () => resolve({ head, body: Buffer.concat(parts) }));
    stream.on("error", reject);
    if (body !== undefined) stream.end(body);
  });
}

async function second(port) {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  const seen = await over(session, { ":path": "/headers?b=2", "x-list": ["a", "b"] });
  console.log("http2", names(seen.head), seen.body.toString());
  const all = await Promise.all(
    Array.from({ length: 100 }, (_, number) => over(session, { ":path": "/echo", ":method": "POST" }, Buffer.alloc(number * 1_000, "x"))),
  );
  all.forEach((it, number) => assert.equal(it.body.length, number * 1_000));
  const echoed = await over(session, { ":path": "/echo", ":method": "POST" }, DATA);
  assert(echoed.body.equals(DATA));
  const given = session.request({ ":path": "/slow/1000" });
  await new Promise((resolve) => given.on("response", resolve));
  given.close(http2.constants.NGHTTP2_CANCEL);
  await new Promise((resolve, reject) => session.ping((error) => (error ? reject(error) : resolve())));
  assert.equal((await over(session, { ":path": "/status/404" })).head[":status"], 404);
  await new Promise((resolve) => session.close(resolve));
}

async function websocket(port) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`);
  const closed = new Promise((resolve) => socket.addEventListener("close", resolve));
  await new Promise((resolve) => socket.addEventListener("open", resolve));
  for (const text of ["a", "b".repeat(100_000)]) {
    const answer = new Promise((resolve) => socket.addEventListener("message", resolve, { once: true }));
    socket.send(text);
    assert.equal((await answer).data, text);
  }
  socket.send("close");
  console.log("websocket", (await closed).code);
}

const [one, two] = process.argv.slice(2).map(Number);
for (const port of [one, two]) {
  await first(port);
  await fetched(port);
  await second(port);
}
if (globalThis.WebSocket) await websocket(one);
process.exit(0);
