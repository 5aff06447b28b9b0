"""A gRPC server of bytes, without protobuf: `grpc_server.py PORT`."""

import sys
import time
from concurrent import futures

import grpc


def unary(request, context):
    """The request, with its metadata sent back as initial and trailing metadata."""
    sent = [(key, value) for key, value in context.invocation_metadata() if key.startswith("x-app")]
    context.send_initial_metadata([(f"{key.removesuffix('-bin')}-first{'-bin' * key.endswith('-bin')}", value) for key, value in sent])
    context.set_trailing_metadata([(f"{key.removesuffix('-bin')}-last{'-bin' * key.endswith('-bin')}", value) for key, value in sent])
    return request


def fail(request, context):
    """Ends with the status that the request names."""
    context.set_trailing_metadata([("x-app-why", "asked for")])
    context.abort(getattr(grpc.StatusCode, request.decode()), "a message with % and é")


def spread(request, context):
    """As many answers as the request says."""
    for number in range(int(request)):
        yield str(number).encode()


def gather(requests, context):
    """How many requests there were, and how long they were together."""
    sizes = [len(request) for request in requests]
    return f"{len(sizes)} {sum(sizes)}".encode()


def talk(requests, context):
    """Each request at once."""
    yield from requests


def stall(request, context):
    """Answers once, and then no more until the client has gone."""
    gone = []
    context.add_callback(lambda: gone.append(True))
    yield b"first"
    while not gone and context.is_active():
        time.sleep(0.01)
    ENDED.append(True)


def ended(request, context):
    """How many stalled calls have ended, once it is as many as asked for."""
    while len(ENDED) < int(request) and context.is_active():
        time.sleep(0.01)
    return str(len(ENDED)).encode()


ENDED = []


def main():
    """Serves until it is killed."""
    server = grpc.server(
        futures.ThreadPoolExecutor(32),
        options=[("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)],
    )
    handlers = {
        "Unary": grpc.unary_unary_rpc_method_handler(unary),
        "Fail": grpc.unary_unary_rpc_method_handler(fail),
        "Spread": grpc.unary_stream_rpc_method_handler(spread),
        "Gather": grpc.stream_unary_rpc_method_handler(gather),
        "Talk": grpc.stream_stream_rpc_method_handler(talk),
        "Stall": grpc.unary_stream_rpc_method_handler(stall),
        "Ended": grpc.unary_unary_rpc_method_handler(ended),
    }
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("shop.Items", handlers)])
    server.add_insecure_port(f"127.0.0.1:{sys.argv[1]}")
    server.start()
    server.wait_for_termination()


main()
