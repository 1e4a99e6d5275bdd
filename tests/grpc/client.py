"""Makes one kind of call and checks what comes back: client.py ADDRESS KIND."""

import queue
import sys

import grpc

PATIENCE = 20


def unary(channel):
    call = channel.unary_unary("/test.All/Unary")
    for size in (0, 1, 100_000, 3_000_000):
        answer, told = call.with_call(b"x" * size, metadata=(("x-mine", "hello"),), timeout=PATIENCE)
        assert answer == b"x" * size
        assert dict(told.initial_metadata())["x-told"] == "hello"
        trailing = dict(told.trailing_metadata())
        assert trailing["x-trailer"] == "behind" and trailing["x-bytes-bin"] == b"\0\xff"
        assert told.code() == grpc.StatusCode.OK


def fail(channel):
    try:
        channel.unary_unary("/test.All/Fail")(b"", timeout=PATIENCE)
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.NOT_FOUND, error
        assert error.details() == "nicht gefunden: ü", error
    else:
        raise AssertionError("it did not fail")


def down(channel):
    answers = channel.unary_stream("/test.All/Down")(b"", timeout=PATIENCE)
    assert list(answers) == [b"%d" % number for number in range(200)]


def up(channel):
    messages = [b"%d" % number for number in range(200)]
    assert channel.stream_unary("/test.All/Up")(iter(messages), timeout=PATIENCE) == b",".join(messages)


def chat(channel):
    # Each message is sent only when the answer to the one before has come.
    said = queue.Queue()
    answers = channel.stream_stream("/test.All/Chat")(iter(said.get, None), timeout=PATIENCE)
    for number in range(100):
        said.put(b"word %d" % number)
        assert next(answers) == b"WORD %d" % number
    said.put(None)
    assert list(answers) == []
    assert answers.code() == grpc.StatusCode.OK


def deadline(channel):
    try:
        channel.unary_unary("/test.All/Slow")(b"deadline", timeout=1.5)
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED, error
    else:
        raise AssertionError("it was in time")


def cancel(channel):
    call = channel.unary_unary("/test.All/Slow").future(b"cancel", timeout=PATIENCE)
    print("calling", flush=True)
    sys.stdin.readline()
    call.cancel()
    assert call.cancelled()
    # The channel, and the connection with it, is of use still.
    unary(channel)


def unavailable(channel):
    for call in (channel.unary_unary("/test.All/Unary"), channel.unary_unary("/test.All/Fail")):
        try:
            call(b"x", timeout=PATIENCE)
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.UNAVAILABLE, error
            assert int(dict(error.trailing_metadata())["grpc-retry-pushback-ms"]) > 0
        else:
            raise AssertionError("it was available")


def main(address, kind):
    options = (("grpc.enable_retries", 0), ("grpc.default_authority", "shop.test"))
    with grpc.insecure_channel(address, options=options) as channel:
        globals()[kind](channel)
    print("passed", kind, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
