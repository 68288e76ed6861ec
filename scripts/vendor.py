"""Refresh the npm packages kept in the repository, with their licences.

`python scripts/vendor.py` downloads each package with `npm pack`, copies the few files that are
used, and writes down version, licence and the tarball's sha512, so that pages need no CDN and no
build step. To move to another version, change it here and run the script.
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Package:
    """One npm package: the files to keep, and where they go below the repository's root."""

    name: str
    version: str
    licence: str
    files: tuple[str, ...]
    target: str


# A file names its source map, which is not carried along; what packs static files would miss it.
SOURCE_MAP = re.compile(rb"\n//# sourceMappingURL=\S+\s*$")

PACKAGES = (
    Package(
        "@picocss/pico", "2.1.1", "MIT", ("css/pico.min.css", "LICENSE.md"), "static/vendor/pico"
    ),
    Package(
        "uplot",
        "1.6.32",
        "MIT",
        ("dist/uPlot.iife.min.js", "dist/uPlot.min.css", "LICENSE"),
        "static/vendor/uplot",
    ),
    Package(
        "chart.js", "4.6.1", "MIT", ("dist/chart.umd.min.js", "LICENSE.md"), "static/vendor/chart"
    ),
    Package(
        "axe-core",
        "4.14.1",
        "MPL-2.0",
        ("axe.min.js", "LICENSE", "LICENSE-3RD-PARTY.txt"),
        "tests/vendor/axe-core",
    ),
)


def download(package: Package, folder: Path) -> Path:
    """The package's tarball, or an exit with a sentence when npm cannot fetch it."""
    command = ["npm", "pack", "--silent", "--pack-destination", str(folder)]
    try:
        done = subprocess.run(
            [*command, f"{package.name}@{package.version}"],
            check=True,
            capture_output=True,
            text=True,
        )
    except FileNotFoundError:
        sys.exit("npm was not found. Install Node.js, then run this again.")
    except subprocess.CalledProcessError as error:
        sys.exit(f"npm could not fetch {package.name}@{package.version}: {error.stderr.strip()}")
    return folder / done.stdout.strip().splitlines()[-1]


def unpack(package: Package, tarball: Path) -> None:
    """Copy the wanted files out of the tarball, flat, replacing what was there."""
    target = ROOT / package.target
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    with tarfile.open(tarball) as archive:
        for name in package.files:
            source = archive.extractfile(f"package/{name}")
            if source is None:
                sys.exit(f"{package.name}@{package.version} has no file {name}.")
            (target / Path(name).name).write_bytes(SOURCE_MAP.sub(b"", source.read()))


def describe(package: Package, tarball: Path) -> None:
    """Write `package.json` beside the files: where they came from and under which licence."""
    facts = {
        "name": package.name,
        "version": package.version,
        "licence": package.licence,
        "tarball_sha512": hashlib.sha512(tarball.read_bytes()).hexdigest(),
    }
    (ROOT / package.target / "package.json").write_text(json.dumps(facts, indent=2) + "\n")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for package in PACKAGES:
            tarball = download(package, Path(folder))
            unpack(package, tarball)
            describe(package, tarball)
            sys.stdout.write(f"{package.target}: {package.name} {package.version}\n")


if __name__ == "__main__":
    main()
