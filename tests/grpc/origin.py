"""A gRPC server with every kind of call. Prints its port, then what it sees."""

import sys
import threading
from concurrent import futures

import grpc


def say(*words):
    print(*words, flush=True)


def unary(request, context):
    sent = dict(context.invocation_metadata())
    context.send_initial_metadata((("x-told", sent.get("x-mine", "nothing")),))
    context.set_trailing_metadata((("x-trailer", "behind"), ("x-bytes-bin", b"\0\xff")))
    return request


def fail(request, context):
    context.abort(grpc.StatusCode.NOT_FOUND, "nicht gefunden: ü")


def down(request, context):
    for number in range(200):
        yield b"%d" % number


def up(requests, context):
    return b",".join(requests)


def chat(requests, context):
    for request in requests:
        yield request.upper()


def slow(request, context):
    name = request.decode()
    ended = threading.Event()
    context.add_callback(ended.set)
    remaining = context.time_remaining()
    say("waiting", name, "none" if remaining is None else "%.1f" % remaining)
    say("ended", name) if ended.wait(20) else say("forgotten", name)
    return b""


CALLS = {
    "Unary": grpc.unary_unary_rpc_method_handler(unary),
    "Fail": grpc.unary_unary_rpc_method_handler(fail),
    "Down": grpc.unary_stream_rpc_method_handler(down),
    "Up": grpc.stream_unary_rpc_method_handler(up),
    "Chat": grpc.stream_stream_rpc_method_handler(chat),
    "Slow": grpc.unary_unary_rpc_method_handler(slow),
}


def main():
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.All", CALLS),))
    say("port", server.add_insecure_port("127.0.0.1:0"))
    server.start()
    server.wait_for_termination(120)


if __name__ == "__main__":
    sys.exit(main())
