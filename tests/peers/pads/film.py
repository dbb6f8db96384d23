"""The film of a text through the calls of the page. For pads_test.py."""


def check(call, pad, stranger):
    """The list and a step; what there is not; who may not."""
    path = f"/api/v1/pads/{pad}/film"
    life = call(200, "GET", path)
    newest = life["moments"][0]
    step = call(200, "GET", f"{path}/{newest['at']}?since={newest['since']}&upto={life['upto']}")
    assert step["document"]["type"] == "doc", str(step)[:300]
    assert all(str(one["author"]) in step["authors"] for one in step["changes"]) and all(str(one["author"]) in life["authors"] for one in life["places"])
    call(404, "GET", f"{path}/{life['steps'] + 1}")
    call(404, "GET", f"{path}/1?since=2")
    call(403, "GET", path, who=stranger)
    call(403, "GET", f"{path}/1", who=stranger)


def told(call, pad):
    """The moments of a text that Yann emptied, as the page names them."""
    moments = call(200, "GET", f"/api/v1/pads/{pad}/film")["moments"]
    past = [(one["words_added"], one["words_removed"], one["authors"], {**one.get("before", {}), "at": ""}) for one in moments]
    assert any(one[3].get("author") == "Yann" and one[3]["words"] > 5 for one in past), past
    return past
