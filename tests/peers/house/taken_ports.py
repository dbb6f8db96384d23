"""Another program has a port of the mail engines, as an admin's own Postfix does: the house does not share it."""
import smtplib
import socket

from common import house, wait_until
from production_house import NewHouse


def listen_shared(port):
    """As Postfix listens: a second listener with SO_REUSEPORT would start without an error."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    made.bind(("127.0.0.1", port))
    made.listen(64)
    return made


def says_smtp(port):
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=3) as smtp:
            return smtp.noop()[0] == 250
    except OSError:
        return False


def test_a_taken_port_is_not_shared():
    other = NewHouse(house.ports["https"] + 820, text="  host: maison.test\n")
    with listen_shared(other.ports["smtp"]) as foreign:
        with other:
            blocked = other.wait_state("postfix", ("failing",))
            port = other.ports["smtp"]
            assert blocked["status"] == f"port {port} is taken by another program" and blocked["pid"] == 0, blocked
            assert f"LOOK postfix: port {port} is taken by another program" in other.hameau("status").stdout
            other.wait_state("dovecot", ("ready",))
            # Every connection is the other program's: nobody of ours takes a share.
            for _ in range(20):
                with socket.create_connection(("127.0.0.1", port), 2):
                    foreign.settimeout(2)
                    foreign.accept()[0].close()
            assert other.tail().count("engine.port_taken") == 1, "said at each try"
            foreign.close()
            wait_until(lambda: says_smtp(port), 70)
            ready = other.wait_state("postfix", ("ready",))
            assert ready["restarts"] == 0 and ready["status"] == "", ready
            # A restart meets old connections of its own, and no other listener.
            other.hameau("restart", "postfix")
            other.wait_restarted(ready)
            wait_until(lambda: says_smtp(port), 30)
            assert other.tail().count("engine.port_taken") == 1, other.tail()
