"""Spam that an association's members moved to Junk, learnt by the house's own filter. One test of mail_test.py, which starts the engines."""
import random
import re
import subprocess
from pathlib import Path

import mail_clients
from mail_clients import find, imap, message, smtp, unique


def letter(kind, to):
    """A letter in the words of a spammer, or in those of the association."""
    own = [f"{'promo' if kind == 'spam' else 'jardin'}{chr(97 + i // 10)}{chr(97 + i % 10)}" for i in range(60)]
    common = [f"commun{chr(97 + i // 10)}{chr(97 + i % 10)}" for i in range(60)]
    words = [random.choice(own if i % 2 else common) for i in range(60)]
    return message("ami@ailleurs.example", to, body=" ".join(words) + "\n", Subject=f"{words[1]} {unique()}")


def deliver(text, to):
    with smtp() as client:
        client.send_message(text, "ami@ailleurs.example", [to])
    return text["Subject"]


def lists_of_words():
    return list((Path(mail_clients.place.state) / "mail/words").glob("*/wordlist.db"))


def counted():
    said = subprocess.run(["bogoutil-sqlite", "-C", "-w", str(lists_of_words()[0].parent), ".MSG_COUNT"], capture_output=True, text=True, timeout=20)
    return [int(word) for word in said.stdout.split(".MSG_COUNT")[1].split()[:2]]


def test_spam_is_learnt_from_what_members_move():
    person, other = mail_clients.place.add_member("apprend"), mail_clients.place.add_member("profite")
    forged = message("ami@ailleurs.example", other.address, X_Bogosity="Ham", X_Hameau_Spam="NO")
    deliver(forged, other.address)
    assert not re.search("^X-(Bogosity|Hameau-Spam)", find(other, forged["Subject"]), re.M), "the sender's own word stays"
    with imap(person) as client:
        client.create("Jardin")
        for _ in range(20):
            assert client.append("Junk", None, None, letter("spam", person.address).as_bytes())[0] == "OK"
        assert find(other, deliver(letter("spam", other.address), other.address)), "too little is known: nothing is filed"
        for _ in range(20):
            client.append("INBOX", None, None, letter("ham", person.address).as_bytes())
        client.select("INBOX")
        assert client.uid("MOVE", "1:*", "Jardin")[0] == "OK"
        assert counted() == [20, 20], counted()
        spam = deliver(letter("spam", other.address), other.address)
        filed = find(other, spam, "Junk")
        assert filed and "X-Hameau-Spam: YES" in filed and not find(other, spam, "INBOX", 0), "another member of the association has it in Junk"
        assert find(other, deliver(letter("ham", other.address), other.address))
        # Thrown away from Junk: nothing is learnt. Brought back: it was wanted.
        client.select("Junk")
        client.uid("MOVE", client.uid("SEARCH", "ALL")[1][0].split()[0].decode(), "Trash")
        assert counted() == [20, 20], counted()
        client.uid("MOVE", client.uid("SEARCH", "ALL")[1][0].split()[0].decode(), "INBOX")
        assert counted() == [20, 21], counted()
    whole = lists_of_words()[0]
    assert oct(whole.stat().st_mode)[-3:] == "600" and oct(whole.parent.stat().st_mode)[-3:] == "700"
    try:
        whole.write_bytes(b"no list at all")
        assert find(other, deliver(letter("spam", other.address), other.address)), "a broken list keeps no message away"
        with imap(person) as client:
            assert client.append("Junk", None, None, letter("spam", person.address).as_bytes())[0] == "OK", "nor does it stop a move"
    finally:
        whole.unlink(missing_ok=True)  # put aside meanwhile
