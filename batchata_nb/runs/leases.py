"""Who may drive a run, and until when: one process at a time, and another one once a lease has run out."""

from __future__ import annotations

from .store_file import StoreFile


class Leases(StoreFile):
    """The right to drive runs, by its owners."""

    def lease(self, run_id: str) -> tuple[str, float] | None:
        """Return who may drive a run, and until when."""
        found = self._read("SELECT owner, expires FROM leases WHERE run_id = ?", run_id)
        return (str(found[0][0]), float(str(found[0][1]))) if found else None

    def take_lease(
        self, run_id: str, owner: str, now: float, seconds: float, *, past: tuple[str, float] | None = None
    ) -> bool:
        """Take or renew the right to drive a run; False while somebody else holds it.

        Args:
            run_id: The run.
            owner: Who takes it.
            now: The time, in seconds since 1970.
            seconds: How long it holds.
            past: A lease that does not count any more, whatever its end: its owner is gone.
        """
        seen = self.lease(run_id)
        if seen and seen[0] != owner and seen[1] > now and seen != past:
            return False
        with self._write() as db:
            held = db.execute("SELECT owner, expires FROM leases WHERE run_id = ?", (run_id,)).fetchone()
            if held and held[0] != owner and held[1] > now and held != past:
                return False
            db.execute("INSERT OR REPLACE INTO leases VALUES (?,?,?)", (run_id, owner, now + seconds))
            return True

    def drop_lease(self, run_id: str, owner: str) -> None:
        """Give the right to drive a run back."""
        with self._write() as db:
            db.execute("DELETE FROM leases WHERE run_id = ? AND owner = ?", (run_id, owner))
