#!/usr/bin/env python3
"""Carries connections from a port on this machine's loopback to the API server inside the cluster's network.

`relay.py PID PORT-FILE ADDRESS PORT`: listens here first, writes the port to the file, and then runs inside the
namespaces of PID with that socket, so that it ends with the cluster.
"""

import asyncio
import os
import socket
import sys


async def copy(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.close()


async def carry(reader, writer, address, port):
    try:
        far_reader, far_writer = await asyncio.open_connection(address, port)
    except OSError:
        writer.close()
        return
    await asyncio.gather(copy(reader, far_writer), copy(far_reader, writer))
    for end in (writer, far_writer):
        end.close()


async def serve(listening, address, port):
    server = await asyncio.start_server(lambda r, w: carry(r, w, address, port), sock=socket.socket(fileno=listening))
    await server.serve_forever()


def enter(pid, port_file, address, port):
    listening = socket.create_server(("127.0.0.1", 0))
    os.set_inheritable(listening.fileno(), True)
    with open(port_file + ".new", "w", encoding="ascii") as file:
        file.write(str(listening.getsockname()[1]))
    os.rename(port_file + ".new", port_file)
    inside = [sys.executable, __file__, "--serve", str(listening.fileno()), address, port]
    os.execvp("nsenter", ["nsenter", "--target", pid, "--net", "--pid", "--", *inside])


if sys.argv[1] == "--serve":
    asyncio.run(serve(int(sys.argv[2]), sys.argv[3], int(sys.argv[4])))
else:
    enter(*sys.argv[1:5])
