"""websockets through the proxy: `websockets_client.py PORT`."""

import asyncio
import os
import sys

import websockets
from websockets.asyncio.client import connect


async def talk(number):
    """Messages of every size, both ways; the server closes in the end."""
    async with connect(f"ws://127.0.0.1:{sys.argv[1]}/ws/{number}", max_size=None, compression=None) as socket:
        for size in (0, 1, 125, 126, 65_535, 65_536, 3_000_000):
            data = os.urandom(size)
            await socket.send(data)
            assert await socket.recv() == data, size
        await socket.send("words")
        assert await socket.recv() == "words"
        await (await socket.ping())
        # A hundred messages on their way at once.
        for number in range(100):
            await socket.send(str(number))
        assert [await socket.recv() for _ in range(100)] == [str(number) for number in range(100)]
        await socket.send("close")
        try:
            await socket.recv()
            raise AssertionError("the server did not close")
        except websockets.ConnectionClosed as closed:
            return closed.rcvd.code, closed.rcvd.reason


async def leave():
    """The client closes."""
    socket = await connect(f"ws://127.0.0.1:{sys.argv[1]}/ws")
    await socket.close(1000, "enough")
    return socket.close_code


async def main():
    """Connections side by side."""
    print(await asyncio.gather(*(talk(number) for number in range(8))))
    print(await leave())


asyncio.run(main())
