"""A reading waits for its turn behind others of its pad; meanwhile who asked loses what let them ask. For pads_test.py."""
import time
from concurrent.futures import ThreadPoolExecutor

from module_process import ENDED, identity


def judged_again(call, pads, owner, reader):
    """Access ends, or the session: none of those that wait is answered to who lost it."""
    text = "\n\n".join(f"## Titre {n}\n\nUn *paragraphe* de la réunion numéro {n}, avec **quelques** mots." for n in range(3000))
    pad = call(201, "POST", "/api/v1/associations/amis/pads/import?format=markdown&slug=waited", text.encode())
    path, session = f"/api/v1/pads/{pad['id']}", identity(reader)["Hameau-Session"]
    call(200, "PATCH", path, {"access": {"members": "none", "link": "none", "people": ["yann"]}})
    moment = call(200, "GET", f"{path}/history")["items"][0]["moment"]
    ends = {403: (lambda: call(200, "PATCH", path, {"access": {"people": []}}), lambda: call(200, "PATCH", path, {"access": {"people": ["yann"]}})),
            401: (lambda: ENDED.add(session), lambda: ENDED.discard(session))}
    for reading in (f"{path}/history", f"{path}/history/{moment}", f"{path}/export?format=html", f"{path}/authors", f"{path}/film"):
        for status, (end, begin) in ends.items():
            with ThreadPoolExecutor(9) as clients:
                before = [clients.submit(pads.call, "GET", f"{path}/export?format=odt", None, owner) for _ in range(5)]
                time.sleep(0.02)
                waiting = [clients.submit(pads.call, "GET", reading, None, reader) for _ in range(3)]
                time.sleep(0.02)
                end()
                answers = [one.result()[0] for one in waiting]
                assert answers == [status] * 3, (reading, answers)
                assert all(one.result()[0] == 200 for one in before), reading
            begin()
