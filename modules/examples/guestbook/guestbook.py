#!/usr/bin/env python3
"""A guest book for Hameau: the example of an external module, with Python's standard library only.

It takes its listening socket from hameaud (LISTEN_FDS), says when it is ready (sd_notify), knows the signed-in
member from the gate's headers, keeps its entries in its own folder, and ends by itself when nobody comes.
"""
import html
import json
import os
import signal
import socket
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, unquote

ENTRIES = "entries.jsonl"
BODY_BYTES_MAX = 4096
TEXT_CHARACTERS_MAX = 500
SHOWN_MAX = 200

PAGE = """<!doctype html>
<html lang="fr"><head><meta charset="utf-8"><title>Livre d’or</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body><main><h1>Livre d’or</h1>{form}<ul>{entries}</ul></main></body></html>
"""
FORM = """<form method="post" action="/guestbook/entries"><p><label for="text">Votre mot, {name}</label><br>
<textarea id="text" name="text" rows="3" maxlength="500" required></textarea></p><p><button>Laisser ce mot</button></p></form>"""
SIGN_IN = '<p><a href="/sign-in">Entrez dans la maison</a> pour laisser un mot.</p>'


def notify(text):
    """sd_notify(3)."""
    path = os.environ.get("NOTIFY_SOCKET")
    if path:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.sendto(text.encode(), path)


def read_entries():
    try:
        with open(ENTRIES, encoding="utf-8") as file:
            return [json.loads(line) for line in file][-SHOWN_MAX:]
    except FileNotFoundError:
        return []


class Handler(BaseHTTPRequestHandler):
    timeout = 15

    def address_string(self):
        return "gate"

    def log_message(self, *_):
        pass

    def answer(self, status, text="", headers=()):
        body = text.encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        name = unquote(self.headers.get("Hameau-Name", ""))
        form = FORM.format(name=html.escape(name)) if self.headers.get("Hameau-Member") else SIGN_IN
        items = "".join(f"<li><p>{html.escape(entry['text'])}</p><p>{html.escape(entry['name'])}</p></li>"
                        for entry in reversed(read_entries()))
        self.answer(200, PAGE.format(form=form, entries=items))

    def do_POST(self):
        if not self.headers.get("Hameau-Member"):
            return self.answer(403, "Entrez d’abord dans la maison.")
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 < length <= BODY_BYTES_MAX:
            return self.answer(413, "Ce mot est trop long.")
        text = parse_qs(self.rfile.read(length).decode("utf-8", "replace")).get("text", [""])[0].strip()
        if not text or len(text) > TEXT_CHARACTERS_MAX:
            return self.answer(422, "Écrivez un mot de 500 lettres au plus.")
        entry = {"name": unquote(self.headers.get("Hameau-Name", "")), "text": text, "time": int(time.time())}
        with open(ENTRIES, "a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
            file.flush()
            os.fsync(file.fileno())
        return self.answer(303, headers=[("Location", "/guestbook")])


class Server(HTTPServer):
    address_family = socket.AF_UNIX

    def __init__(self, listener):
        super().__init__("", Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.idle = False

    def get_request(self):
        connection, _ = self.socket.accept()
        return connection, ("gate", 0)

    def handle_timeout(self):
        self.idle = True


def main():
    listener = socket.socket(fileno=3)  # the first socket of LISTEN_FDS
    listener.setblocking(True)
    server = Server(listener)
    server.timeout = int(os.environ.get("HAMEAU_IDLE_STOP_MS", "60000")) / 1000 or None
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    notify("READY=1")
    while not server.idle:
        server.handle_request()
    notify("STOPPING=1")


if __name__ == "__main__":
    main()
