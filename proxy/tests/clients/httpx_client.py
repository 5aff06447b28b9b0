"""httpx through the proxy: `httpx_client.py FIRST SECOND`, the ports before a server of HTTP/1 and one of HTTP/2."""

import asyncio
import hashlib
import itertools
import sys

import httpx

SIZE = 3_000_000
DATA = bytes(range(251)) * (SIZE // 251 + 1)
DATA = DATA[:SIZE]
DIGEST = hashlib.sha256(DATA).hexdigest()
VARYING = {"date", "x-envoy-upstream-service-time"}


def names(answer):
    """The names of an answer's headers, but for the server's own habits."""
    return sorted(name for name in answer.headers if name not in VARYING)


def pieces(data, size=50_000):
    """The data in pieces, for which httpx has no length to announce."""
    for start in range(0, len(data), size):
        yield data[start : start + size]


def use(client, version):
    """One client for everything: its connections are used again."""
    answer = client.get("/headers", params={"a": "b c", "d": "é"})
    assert answer.status_code == 200 and answer.http_version == version, answer
    print("headers", answer.text, names(answer))
    answer = client.head("/length/1234")
    assert answer.headers["content-length"] == "1234" and answer.content == b"", answer
    print("head", answer.status_code, names(answer))
    answer = client.get("/length/5000000")
    assert len(answer.content) == 5_000_000
    answer = client.get("/chunks/1000")
    assert answer.text.splitlines() == [f"chunk {number}" for number in range(1000)]
    print("chunks", names(answer))
    with client.stream("GET", "/slow/10") as answer:
        assert b"".join(answer.iter_raw()).count(b"slow") == 10
    for content in (DATA, pieces(DATA)):
        seen = client.put("/count", content=content).json()
        assert seen == {"method": "PUT", "length": SIZE, "sha256": DIGEST}, seen
    answer = client.post("/echo", content=pieces(DATA))
    assert answer.content == DATA
    answer = client.get("/redirect/4", follow_redirects=True)
    assert answer.status_code == 200 and len(answer.history) == 4, answer.history
    for code in (204, 304, 404, 503):
        answer = client.get(f"/status/{code}")
        assert answer.status_code == code, answer
        print(code, answer.content, names(answer))
    for method in ("OPTIONS", "DELETE", "PATCH"):
        seen = client.request(method, "/count").json()
        assert seen["method"] == method and seen["length"] == 0, seen
    answer = client.post("/count", files={"file": ("a.txt", b"text")}, data={"field": "value"})
    assert answer.json()["length"] > 100, answer.text
    answer = client.get("/headers", headers=[("x-many", "1"), ("x-many", "2"), ("cookie", "a=b"), ("x-empty", "")])
    print("many", answer.text)


def broken_off(client):
    """An answer that the client does not want to the end leaves the proxy sound.

    Over HTTP/1 alone: httpx does not reset its streams of HTTP/2, and starves itself of their window.
    """
    for _ in range(5):
        with client.stream("GET", "/length/5000000") as answer:
            next(answer.iter_raw())
    assert client.get("/status/404").status_code == 404


async def many(url, http2):
    """Requests side by side, each with its own answer."""
    limits = httpx.Limits(max_connections=20)
    async with httpx.AsyncClient(http1=not http2, http2=http2, base_url=url, limits=limits, timeout=60) as client:

        async def one(number):
            data = str(number).encode() * (number * 37)
            answer = await (client.get(f"/length/{len(data)}") if http2 else client.post("/echo", content=data))
            assert len(answer.content) == len(data), number

        await asyncio.gather(*(one(number) for number in range(200)))


def main():
    """Every version of the client before every version of the server."""
    for port, http2 in itertools.product(sys.argv[1:], (False, True)):
        url = f"http://127.0.0.1:{port}"
        version = "HTTP/2" if http2 else "HTTP/1.1"
        print(f"{version} on {port}")
        with httpx.Client(http1=not http2, http2=http2, base_url=url, timeout=60) as client:
            use(client, version)
            if not http2:
                broken_off(client)
        asyncio.run(many(url, http2))


main()
