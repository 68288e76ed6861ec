"""The processes of `deploy/`, as its unit files and nginx.conf name them."""

import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from scripts.system_packages import find_nginx
from tests.running_site import ROOT, RunningSite, free_port

DEPLOY = ROOT / "deploy"
STOP_SECONDS = 20
PLAIN = {
    "listen 443 ssl http2;": "listen 127.0.0.1:{port};",
    "access_log /var/log/nginx/llmsite.log;": "access_log off;",
}


def command_of(unit: str, instance: str = "") -> list[str]:
    """What follows the interpreter in a unit's ExecStart."""
    text = (DEPLOY / "systemd" / unit).read_text()
    found = re.search(r"^ExecStart=(.+)$", text, re.MULTILINE)
    assert found, f"{unit} starts nothing"
    return shlex.split(found[1].replace("%i", instance))[1:]


def settings_of_file() -> set[str]:
    lines = (DEPLOY / "llmsite.env").read_text().splitlines()
    return {line.partition("=")[0] for line in lines if "=" in line and not line.startswith("#")}


def moved(command: list[str], ports: Mapping[str, int]) -> list[str]:
    """The same command on ports that are free here."""
    return [str(ports.get(word, word)) for word in command]


def proxy_configuration(port: int, webs: Mapping[str, int]) -> str:
    """nginx.conf on other ports, and without the certificate that only a real name can have."""
    text = (DEPLOY / "nginx.conf").read_text()
    text = re.sub(r"    server \{\n        listen 80;.*?\n    \}\n", "", text, flags=re.DOTALL)
    text = re.sub(r"^ *ssl_.*\n", "", text, flags=re.MULTILINE)
    for theirs, ours in {
        **PLAIN,
        **{f"127.0.0.1:{w}": f"127.0.0.1:{p}" for w, p in webs.items()},
    }.items():
        assert theirs in text, f"nginx.conf no longer says {theirs}"
        text = text.replace(theirs, ours.format(port=port))
    return text


@contextmanager
def proxy(folder: Path, site: RunningSite, webs: Mapping[str, int]) -> Iterator[RunningSite]:
    """The same site as seen through nginx."""
    seen = RunningSite(site.data_dir, port=free_port(), settings=site.settings)
    configuration = folder / "nginx.conf"
    configuration.write_text(proxy_configuration(seen.port, webs))
    options = f"daemon off; pid {folder}/nginx.pid; error_log stderr;"
    nginx = [str(find_nginx()), "-p", str(folder), "-c", str(configuration), "-g", options]
    with (folder / "nginx.log").open("ab") as log:
        process = subprocess.Popen(nginx, stdout=log, stderr=log)
    try:
        seen.processes["nginx"] = process
        seen.wait_for("nginx", f"{seen.url}/health")
        yield seen
    finally:
        del seen.processes["nginx"]
        seen.close()
        process.terminate()
        process.wait(STOP_SECONDS)
