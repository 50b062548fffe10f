"""Streams a file to HashService with Python's grpcio, its messages written by hand. Usage: hash_stream.py SOCKET FILE NAME CHUNK_BYTES [gzip]

Prints status, hex SHA-256 of the whole file as the daemon says, and the details of an error."""
import sys
import grpc


def varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number, content):
    return varint(number << 3 | 2) + varint(len(content)) + content


def number(at, value):
    return varint(at << 3) + varint(value)


def messages(path, name, chunk_bytes):
    yield field(1, field(1, b"python-" + name.encode()) + field(2, name.encode()))
    at = 0
    with open(path, "rb") as file:
        while data := file.read(chunk_bytes):
            # the data before its offset, and a field that nobody knows: both are right
            yield field(2, field(2, data) + number(1, at)) + number(99, 7)
            at += len(data)
    yield field(3, number(1, at))


def main(socket, path, name, chunk_bytes, compression=None):
    options = [("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel("unix:" + socket, options=options) as channel:
        call = channel.stream_unary("/sealstone.v1.HashService/HashStream")
        try:
            algorithm = grpc.Compression.Gzip if compression else None
            answer = call(messages(path, name, int(chunk_bytes)), timeout=60, compression=algorithm)
            position = answer.index(b"\x22\x20")  # field 4, 32 bytes: the digest
            print("OK", answer[position + 2 : position + 34].hex())
        except grpc.RpcError as error:
            print(error.code().name, error.details())


main(*sys.argv[1:])
