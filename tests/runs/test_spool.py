"""A long list that is mostly on disk is the list it stands for."""

import errno

import pytest

from batchata_nb.core.jobs import Message
from batchata_nb.runs.spool import CHUNK, Spool


@pytest.mark.parametrize("count", [0, 1, CHUNK, 2 * CHUNK - 1, 2 * CHUNK, 2 * CHUNK + 1, 5 * CHUNK + 3])
def test_items_come_back_in_order(count):
    """In whatever way they are asked for, and while others are being read."""
    items = [(f"row-{n}", (Message("user", "text \u2028 " * 3),)) for n in range(count)]

    spool = Spool(items)

    assert (count, items, items) == (len(spool), list(spool), list(spool))
    assert all(one == other for one, other in zip(spool, spool, strict=True))
    assert items[-3:] == spool[-3:]
    assert items[: count // 2 : 7] == spool[: count // 2 : 7]
    with pytest.raises(IndexError):
        spool[count]


def test_memory_does_not_grow_with_the_list():
    """At most two chunks are held, whatever the length."""
    spool = Spool(range(20 * CHUNK))

    assert len(spool._tail) < 2 * CHUNK


def test_a_full_disk_only_costs_memory(monkeypatch):
    """What cannot be put away stays where it is."""

    class Full:
        def seek(self, at):
            return at

        def write(self, data):
            raise OSError(errno.ENOSPC, "No space left on device")

        def close(self):
            pass

    monkeypatch.setattr("batchata_nb.runs.spool.tempfile.TemporaryFile", Full)

    assert list(range(5 * CHUNK)) == list(Spool(range(5 * CHUNK)))
