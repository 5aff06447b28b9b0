"""The application behind the proxy, for any ASGI server: uvicorn over HTTP/1, hypercorn over HTTP/2."""

import asyncio
import hashlib
import json

# What differs from run to run, or from server to server.
VARYING = {b"x-request-id", b"user-agent"}
BLOCK = bytes(range(256)) * 64


async def app(scope, receive, send):
    """Answers a request by the first part of its path."""
    if scope["type"] == "websocket":
        await websocket(receive, send)
    elif scope["type"] == "http":
        name, _, rest = scope["path"].lstrip("/").partition("/")
        await ANSWERS[name](scope, rest, receive, send)


async def head(send, status=200, *headers):
    """Begins an answer."""
    named = [(name.encode(), str(value).encode()) for name, value in headers]
    await send({"type": "http.response.start", "status": status, "headers": named})


async def body(send, data=b"", more=False):
    """Sends a part of an answer."""
    await send({"type": "http.response.body", "body": data, "more_body": more})


async def parts(receive):
    """The parts of the request's body."""
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            return
        yield event.get("body", b"")
        if not event.get("more_body"):
            return


async def send_json(send, value):
    """Answers with a value."""
    text = json.dumps(value, sort_keys=True).encode()
    await head(send, 200, ("content-type", "application/json"), ("content-length", len(text)))
    await body(send, text)


async def headers(scope, _, receive, send):
    """Tells how the request arrived."""
    async for _ in parts(receive):
        pass
    seen = sorted([name.decode(), value.decode()] for name, value in scope["headers"] if name not in VARYING)
    query = scope["query_string"].decode()
    await send_json(send, {"method": scope["method"], "path": scope["path"], "query": query, "headers": seen})


async def count(scope, _, receive, send):
    """Tells how long the request's body was, and its digest."""
    digest, length = hashlib.sha256(), 0
    async for part in parts(receive):
        digest.update(part)
        length += len(part)
    await send_json(send, {"method": scope["method"], "length": length, "sha256": digest.hexdigest()})


async def echo(_, __, receive, send):
    """Sends each part back as soon as it is here."""
    await head(send)
    async for part in parts(receive):
        if part:
            await body(send, part, more=True)
    await body(send)


async def length(_, rest, __, send):
    """So many bytes, announced."""
    left = int(rest)
    await head(send, 200, ("content-length", left))
    while left > 0:
        await body(send, BLOCK[:left], more=True)
        left -= len(BLOCK[:left])
    await body(send)


async def chunks(_, rest, __, send):
    """So many chunks, not announced."""
    await head(send)
    for number in range(int(rest)):
        await body(send, f"chunk {number}\n".encode(), more=True)
    await body(send)


async def slow(_, rest, __, send):
    """So many chunks, each some time after the last."""
    await head(send)
    for number in range(int(rest)):
        await body(send, f"slow {number}\n".encode(), more=True)
        await asyncio.sleep(0.02)
    await body(send)


async def status(_, rest, __, send):
    """An answer with this status and no body."""
    await head(send, int(rest), *([] if rest in ("204", "304") else [("content-length", 0)]))
    await body(send)


async def redirect(_, rest, __, send):
    """Sends the client on, so many times."""
    left = int(rest)
    await head(send, 302, ("location", f"/redirect/{left - 1}" if left > 1 else "/headers"), ("content-length", 0))
    await body(send)


async def early(_, __, ___, send):
    """Answers without a look at the body."""
    await head(send, 413, ("content-length", 9))
    await body(send, b"too large")


async def websocket(receive, send):
    """Sends each message back."""
    await receive()
    await send({"type": "websocket.accept"})
    while True:
        event = await receive()
        if event["type"] == "websocket.disconnect":
            return
        if event.get("text") == "close":
            await send({"type": "websocket.close", "code": 4001, "reason": "asked for"})
            return
        kept = {key: value for key, value in event.items() if key in ("text", "bytes") and value is not None}
        await send({"type": "websocket.send", **kept})


ANSWERS = {
    it.__name__: it for it in (headers, count, echo, length, chunks, slow, status, redirect, early)
}
