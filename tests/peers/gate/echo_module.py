#!/usr/bin/env python3
"""An external module for tests: answers with what it was sent, and misbehaves on request."""
import hashlib
import os
import socket
import threading
import time

LIVES = "lives"  # a file in its own folder: how often /echo/crash-once was asked for


def notify(text):
    path = os.environ.get("NOTIFY_SOCKET")
    if path:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.sendto(text.encode(), path)


def read_head(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return None, b""
        data += piece
    head, _, rest = data.partition(b"\r\n\r\n")
    return head, rest


def read_body(connection, head, rest):
    """(digest, size) of the body, decoded."""
    fields = {line.split(b":")[0].lower(): line.split(b":", 1)[1].strip() for line in head.split(b"\r\n")[1:]}
    digest, size = hashlib.sha256(), 0

    def need(count):
        nonlocal rest
        while len(rest) < count:
            piece = connection.recv(65536)
            if not piece:
                raise EOFError
            rest += piece

    if fields.get(b"transfer-encoding") == b"chunked":
        while True:
            while b"\r\n" not in rest:
                need(len(rest) + 1)
            line, _, rest = rest.partition(b"\r\n")
            length = int(line, 16)
            need(length + 2)
            digest.update(rest[:length])
            size += length
            assert rest[length:length + 2] == b"\r\n"
            rest = rest[length + 2:]
            if length == 0:
                break
    else:
        left = int(fields.get(b"content-length", b"0"))
        size = left
        while left:
            if not rest:
                rest = connection.recv(min(65536, left))
                if not rest:
                    raise EOFError
            digest.update(rest[:left])
            used = min(left, len(rest))
            left, rest = left - used, rest[used:]
    return digest.hexdigest(), size


def plain(body, extra=b"", status=b"200 OK"):
    return b"HTTP/1.1 " + status + b"\r\nContent-Type: text/plain\r\nContent-Length: " + str(len(body)).encode() + b"\r\n" + extra + b"\r\n" + body


def serve(connection):
    head, rest = read_head(connection)
    if head is None:
        return
    target = head.split(b" ")[1].decode()
    what = target.split("/echo/")[-1].split("?")[0]
    if what == "hold":
        time.sleep(6)
        connection.sendall(plain(b"held"))
    elif what == "head":
        connection.sendall(plain(head, b"Set-Cookie: __Host-hameau=stolen; Path=/\r\nSet-Cookie: own=1\r\nHameau-Secret: x\r\nX-Kept: yes\r\nKeep-Alive: 5\r\n"))
    elif what == "body":
        digest, size = read_body(connection, head, rest)
        connection.sendall(plain(f"{size} {digest}".encode()))
    elif what == "early":
        connection.sendall(plain(b"too large", status=b"413 Content Too Large"))
        connection.shutdown(socket.SHUT_WR)
        time.sleep(0.3)
    elif what == "close":
        connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nuntil the end")
    elif what == "chunks":
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in (b"one ", b"two ", b"three"):
            connection.sendall(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            time.sleep(0.05)
        connection.sendall(b"0\r\n\r\n")
    elif what == "cut":
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\nonly this")
    elif what == "interim":
        connection.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + plain(b"final"))
    elif what == "garbage":
        connection.sendall(b"this is no HTTP\r\n\r\n")
    elif what == "crash-once":
        with open(LIVES, "a+", encoding="ascii") as file:
            file.write("x")
            file.seek(0)
            lives = len(file.read())
        if lives == 1:
            os._exit(1)
        connection.sendall(plain(str(lives).encode()))
    elif what == "crash":
        os._exit(1)
    elif what == "big":
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 104857600\r\n\r\n")
        for _ in range(1600):
            connection.sendall(b"\xa5" * 65536)
    else:
        connection.sendall(plain(b"?", status=b"404 Not Found"))


def one(connection):
    try:
        serve(connection)
    except (OSError, EOFError):
        pass
    finally:
        connection.close()


def main():
    listener = socket.socket(fileno=3)
    listener.setblocking(True)
    notify("READY=1")
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=one, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    main()
