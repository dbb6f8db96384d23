"""A mail server that is nobody's: what leaves the house arrives here."""
import socket
import threading
import time


class Outside:
    """A server outside that takes everything but what is for nobody@: the smarthost of the house. `tell`: what a check that fails shows of the house."""

    def __init__(self, port, eight_bits=True, tell=lambda: ""):
        self.messages, self.senders, self.eight_bits, self.tell = [], [], eight_bits, tell
        self.pause = 0  # seconds before nobody@ is refused
        self.socket = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(client,), daemon=True).start()

    def talk(self, client):
        with client, client.makefile("rwb", 0) as lines:
            lines.write(b"220 outside\r\n")
            while line := lines.readline():
                word = line[:4].upper()
                if word == b"DATA":
                    lines.write(b"354 go on\r\n")
                    data = b""
                    while (line := lines.readline()) not in (b".\r\n", b""):
                        data += line[1:] if line.startswith(b".") else line
                    self.senders.append(sender)
                    self.messages.append(data)
                    lines.write(b"250 ok\r\n")
                elif word == b"EHLO":
                    lines.write(b"250-outside\r\n250 8BITMIME\r\n" if self.eight_bits else b"250 outside\r\n")
                elif word == b"QUIT":
                    lines.write(b"221 bye\r\n")
                    return
                else:
                    if word == b"MAIL":
                        sender = line.decode(errors="replace").split(":", 1)[1].split()[0]
                    refused = line.upper().startswith(b"RCPT TO:<NOBODY@")
                    time.sleep(self.pause if refused else 0)
                    lines.write(b"550 5.1.1 nobody\r\n" if refused else b"250 ok\r\n")

    def wait(self, subject, seconds=20):
        deadline = time.time() + seconds
        while time.time() < deadline:
            for data in list(self.messages):
                if subject.encode() in data:
                    return data
            time.sleep(0.05)
        raise AssertionError(f"{subject} did not leave\n{self.tell()}")

    def sender_of(self, subject):
        """MAIL FROM of a message that came, with its angle brackets."""
        return next(sender for sender, data in zip(self.senders, list(self.messages)) if subject.encode() in data)
