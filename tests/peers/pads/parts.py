"""Files as one stream of parts and back (daemon/contract/parts.hpp), as the services hand them to each other. For pads_test.py."""


def parts(files):
    """Files as a stream of parts (daemon/contract/parts.hpp)."""
    return b"".join(b"%d 0 %s\n%s" % (len(content), path.encode(), content) for path, content in files.items()) + b"END\n"


def parted(stream):
    """The files of such a stream."""
    files = {}
    while stream != b"END\n":
        line, _, stream = stream.partition(b"\n")
        size, _, path = line.split(b" ", 2)
        files[path.decode()], stream = stream[:int(size)], stream[int(size):]
    return files
