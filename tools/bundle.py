"""Rebuild the widgets' bundle and compare it with the one in the tree.

They differ when `js/src` has changed and nobody has built it.
"""

from __future__ import annotations

import hashlib
import sys

from npm import ROOT, npm

STATIC = ROOT / "batchata_nb" / "widgets" / "static"


def digests() -> dict[str, str]:
    """Return the SHA-256 of each bundled file by name."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(STATIC.glob("*.*"))}


def main() -> int:
    before = digests()
    if code := npm("run", "--silent", "build"):
        return code
    after = digests()
    if not after:
        print(f"the build has put nothing into {STATIC.relative_to(ROOT)}")
        return 1
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    if changed:
        print(f"the bundle was not what js/src builds; it has been built anew, commit it: {', '.join(changed)}")
        return 1
    print(f"bundle as committed: {', '.join(after)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
