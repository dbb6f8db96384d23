"""The figures of the energy page: who may see them, that they count what happens, and that an end of the house keeps them."""
import time
from pathlib import Path

from common import CONTENT, house, ok, yann
from house import House

PATH = "/api/v1/energy"
EXTRA = ("house.power_watts=4", "mail.enabled=false")


def used(visitor, name):
    """Of all days: midnight may pass."""
    rows = [use for day in ok(visitor.call("GET", PATH)).json()["days"] for use in day["services"] if use["name"] == name]
    return {key: sum(row[key] for row in rows) for key in ("cpu_ms", "wakeups", "written_bytes")}


def test_energy_is_for_admins():
    ok(house.visitor().call("GET", PATH), 401)
    ok(yann().call("GET", PATH), 403)
    answer = ok(house.visitor().sign_in("annick", "annick-secret-words").call("GET", PATH))
    assert answer.headers["cache-control"] == "no-store", answer.headers
    time.sleep(2.1)  # so often the figures are read for a page
    found = ok(house.visitor().sign_in("annick", "annick-secret-words").call("GET", PATH)).json()
    assert found["power"]["source"] in ("none", "processor", "machine") and len(found["days"]) in (1, 2), found
    assert {"hameaud", "gate", "people"} <= {use["name"] for use in found["days"][-1]["services"]}, found


def test_energy_counts_and_is_kept():
    with House(apply=[CONTENT], settings=EXTRA, base_port=house.ports["https"] + 300) as one:
        annick = one.visitor().sign_in("annick", "annick-secret-words")
        found = ok(annick.call("GET", PATH)).json()
        assert found["power"] == {"source": "stated", "watts": 4.0} or found["power"]["source"] == "machine", found
        before = used(annick, "people")
        for _ in range(6):  # each sign-in is an argon2id
            one.visitor().sign_in("yann", "yann-secret-words")
        one.hameau("restart", "people")  # its end counts at once
        until = time.time() + 15
        while used(annick, "people")["cpu_ms"] < before["cpu_ms"] + 100:
            assert time.time() < until, (before, used(annick, "people"), one.tail())
            time.sleep(0.5)
        one.stop()
        kept = Path(one.state, "energy").read_text()
        assert kept.startswith("source\t") and "\nuse\tpeople\t" in kept and Path(one.state, "energy").stat().st_mode & 0o777 == 0o600, kept
