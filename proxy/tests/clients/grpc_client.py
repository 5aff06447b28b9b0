"""grpcio through the proxy, all four kinds of calls: `grpc_client.py PORT`."""

import os
import queue
import sys
import threading

import grpc

OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
PATIENCE = 60


def application(metadata):
    """The metadata of the application, in order."""
    return [(key, value) for key, value in metadata if key.startswith("x-app")]


def refused(call):
    """The error that a call ends with."""
    try:
        call()
    except grpc.RpcError as error:
        return error
    raise AssertionError("it did not fail")


def unary(channel):
    """Messages of all sizes, metadata both ways, statuses with messages."""
    call = channel.unary_unary("/shop.Items/Unary")
    for size in (0, 1, 1_000, 16_384, 65_536, 5_000_000):
        data = os.urandom(size)
        assert call(data, timeout=PATIENCE) == data, size
    metadata = [("x-app", "a"), ("x-app", "b"), ("x-app-data-bin", b"\0\1\xff"), ("x-app-long", "l" * 5_000)]
    answer, done = call.with_call(b"", metadata=metadata, timeout=PATIENCE)
    print("initial", application(done.initial_metadata()))
    print("trailing", application(done.trailing_metadata()))
    fail = channel.unary_unary("/shop.Items/Fail")
    for code in grpc.StatusCode:
        if code != grpc.StatusCode.OK:
            error = refused(lambda: fail(code.name.encode(), timeout=PATIENCE))
            assert error.code() == code and error.details() == "a message with % and é", error
            assert application(error.trailing_metadata()) == [("x-app-why", "asked for")], error
    error = refused(lambda: channel.unary_unary("/shop.Items/Unknown")(b"", timeout=PATIENCE))
    print("unknown", error.code(), error.details())


def streams(channel):
    """Answers, requests, and both in turns."""
    answers = channel.unary_stream("/shop.Items/Spread")(b"1000", timeout=PATIENCE)
    assert list(answers) == [str(number).encode() for number in range(1000)]
    gather = channel.stream_unary("/shop.Items/Gather")
    assert gather((b"x" * 10_000 for _ in range(500)), timeout=PATIENCE) == b"500 5000000"
    assert gather(iter(()), timeout=PATIENCE) == b"0 0"
    waiting = queue.SimpleQueue()
    talk = channel.stream_stream("/shop.Items/Talk")(iter(waiting.get, None), timeout=PATIENCE)
    for number in range(200):
        waiting.put(str(number).encode())
        # The answer is here before the next request is sent.
        assert next(talk) == str(number).encode()
    waiting.put(None)
    assert list(talk) == [] and talk.code() == grpc.StatusCode.OK
    many = [os.urandom(30_000) for _ in range(100)]
    assert list(channel.stream_stream("/shop.Items/Talk")(iter(many), timeout=PATIENCE)) == many


def endings(channel):
    """Deadlines and cancellation reach the server."""
    stall, ended = channel.unary_stream("/shop.Items/Stall"), channel.unary_unary("/shop.Items/Ended")
    before = int(ended(b"0", timeout=PATIENCE))
    late = stall(b"", timeout=0.5)
    assert next(late) == b"first"
    assert refused(lambda: next(late)).code() == grpc.StatusCode.DEADLINE_EXCEEDED
    cancelled = stall(b"", timeout=PATIENCE)
    assert next(cancelled) == b"first"
    cancelled.cancel()
    assert refused(lambda: next(cancelled)).code() == grpc.StatusCode.CANCELLED
    assert int(ended(str(before + 2).encode(), timeout=PATIENCE)) == before + 2


def side_by_side(channel):
    """Calls on one connection from many threads."""
    call, wrong = channel.unary_unary("/shop.Items/Unary"), []

    def work(seed):
        for number in range(100):
            data = f"{seed}-{number}".encode() * 50
            if call(data, timeout=PATIENCE) != data:
                wrong.append(data)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def compressed(channel):
    """Compression is between client and server alone."""
    call = channel.unary_unary("/shop.Items/Unary")
    assert call(b"z" * 100_000, compression=grpc.Compression.Gzip, timeout=PATIENCE) == b"z" * 100_000


def main():
    """One channel for all."""
    with grpc.insecure_channel(f"127.0.0.1:{sys.argv[1]}", OPTIONS) as channel:
        for part in (unary, streams, endings, side_by_side, compressed):
            part(channel)
            print(part.__name__)


main()
