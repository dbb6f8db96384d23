"""A name server of a test's own (RFC 1035) over UDP: answers from a table, and is silent for names that it is told to be silent for."""
import ipaddress
import socket
import struct
import threading

TYPES = {"A": 1, "NS": 2, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33, "CAA": 257}


def packed_name(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label) + b"\0"


def packed(kind, value):
    if kind in ("A", "AAAA"):
        return ipaddress.ip_address(value).packed
    if kind == "MX":
        return struct.pack(">H", 10) + packed_name(value)
    if kind == "TXT":
        text = value.encode()
        return b"".join(bytes([len(text[i:i + 255])]) + text[i:i + 255] for i in range(0, len(text), 255))
    if kind == "SRV":
        priority, weight, port, target = value.split()
        return struct.pack(">HHH", int(priority), int(weight), int(port)) + packed_name(target)
    if kind == "CAA":
        flags, tag, text = value.split(" ", 2)
        return bytes([int(flags), len(tag)]) + tag.encode() + text.encode()
    return packed_name(value) + (packed_name(value) + bytes(20) if kind == "SOA" else b"")


class SmallDns:
    """`records`: {(name, kind): [values]}; may be changed while it runs. `silent`: names without an answer; one that begins with "." stands
    for all names below it. `broken`: names that get SERVFAIL. `delayed`: {name: seconds before its answer}."""

    def __init__(self, address="127.0.0.1", port=53):
        self.records, self.silent, self.asked = {}, set(), []
        self.broken, self.delayed = set(), {}
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, port))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                question, who = self.socket.recvfrom(4096)
            except OSError:
                return
            labels, at = [], 12
            while question[at]:
                labels.append(question[at + 1:at + 1 + question[at]].decode())
                at += 1 + question[at]
            name, (number, _) = ".".join(labels).lower(), struct.unpack(">HH", question[at + 1:at + 5])
            kind = next((kind for kind, known in TYPES.items() if known == number), "?")
            self.asked.append((name, kind))
            if name in self.silent or any(one.startswith(".") and name.endswith(one) for one in self.silent):
                continue
            values = self.records.get((name, kind), [])
            known = any(one == name for one, _ in self.records)
            answers = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", number, 1, 60, len(data)) + data for data in (packed(kind, value) for value in values))
            flags = 0x8182 if name in self.broken else 0x8180 if known else 0x8183  # SERVFAIL, NXDOMAIN
            answer = question[:2] + struct.pack(">HHHHH", flags, 1, len(values), 0, 0) + question[12:at + 5] + answers
            if name in self.delayed:
                threading.Timer(self.delayed[name], self.socket.sendto, (answer, who)).start()
            else:
                self.socket.sendto(answer, who)

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)  # wakes the thread, which holds the address until then
        except OSError:
            pass
        self.socket.close()
