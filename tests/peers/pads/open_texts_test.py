"""A part of pads_test.py. What the texts that are open may take of memory: of the whole house, and of one association."""
import json
import shutil
import tempfile
import time
from pathlib import Path

from module_process import FakePeople, ModuleProcess, UnixConnection, identity

MARIE = ("m" * 26, "marie", "Marie%20Le%20Goff", "amis=manager")


def test_open_texts_are_bounded():
    """Whoever opens one long text after the other is told to come back; short ones are opened still, and closing makes room."""
    folder = tempfile.mkdtemp(prefix="hameau-pads-open-")
    other = ModuleProcess(folder, {"pads.limits.open_max": str(2 << 20)})
    FakePeople(Path(folder, "run", "people.sock"))
    held = []

    neighbour = ("n" * 26, "nolwenn", "Nolwenn", "voisins=manager")

    def open_one(pad, who=MARIE):
        connection = UnixConnection(other.socket_path)
        connection.request("GET", f"/api/v1/pads/ws/{pad}", headers={
            "Hameau-Caller": "gate", **identity(who), "Connection": "Upgrade", "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="})
        answer = connection.getresponse()
        held.append((connection, answer))
        return answer.status, answer.read() if answer.status != 101 else b""

    try:
        def long_one(number, lines=12000, who=MARIE):
            html = "".join(f"<p>Ligne {i} du texte {number}</p>" for i in range(lines)).encode()
            association = who[3].split("=")[0]
            status, _, body = other.call("POST", f"/api/v1/associations/{association}/pads/import?format=html&slug=long-{number}", html, who)
            assert status == 201, body
            return json.loads(body)["id"]
        others = long_one("n", 3000, neighbour)
        texts = [long_one(number) for number in range(6)]
        answers = [open_one(text) for text in texts]
        opened = [status for status, _ in answers].count(101)
        assert 0 < opened < len(texts), answers
        assert all(status == 101 or (status == 503 and json.loads(body)["code"] == "pads_memory") for status, body in answers), answers
        status, _, body = other.call("POST", "/api/v1/associations/amis/pads", {"slug": "short", "title": "Court"}, MARIE)
        assert open_one(json.loads(body)["id"])[0] == 101, "a short one"
        assert open_one(others, neighbour)[0] == 101, "what one association holds open leaves room to the others"
        for connection, answer in held:
            answer.close()
            connection.close()
        deadline = time.time() + 20
        while open_one(texts[-1])[0] != 101:
            assert time.time() < deadline, "closing makes room"
            time.sleep(0.1)
    finally:
        for connection, answer in held:
            answer.close()
            connection.close()
        other.stop()
        shutil.rmtree(folder, ignore_errors=True)

