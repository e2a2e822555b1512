"""Where Apache Kafka's jars are: those of `KAFKA_HOME`, or fetched once by Maven into the cache of this account."""

import os
import shutil
import subprocess
import tempfile
from hashlib import sha256
from pathlib import Path

from focusflow.errors import SetupProblem

POM = Path(__file__).with_name("pom.xml")
FETCH_SECONDS = 600


def class_path() -> str:
    """For `java -cp`; fetches what is not there yet."""
    installed = os.environ.get("KAFKA_HOME")
    folder = Path(installed, "libs") if installed else fetched()
    return f"{folder}/*"


def fetched() -> Path:
    folder = cache() / f"kafka-{sha256(POM.read_bytes()).hexdigest()[:12]}"
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".kafka-") as draft:
            jars = Path(draft, "jars")
            _fetch(Path(draft), jars)
            try:
                jars.rename(folder)
            except OSError:
                if not folder.exists():  # else somebody fetched it at the same moment
                    raise
    return folder


def cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "focusflow")


def _fetch(work: Path, into: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise SetupProblem(
            "A Kafka broker of our own is fetched by Maven, and there is no `mvn` here. Install Maven, or set KAFKA_HOME to an Apache"
            " Kafka on this machine, or KAFKA_BOOTSTRAP_SERVERS to a broker that runs."
        )
    shutil.copy(POM, work / "pom.xml")
    command = [maven, "--batch-mode", "--quiet", "dependency:copy-dependencies", f"-DoutputDirectory={into}"]
    try:
        result = subprocess.run(command, cwd=work, capture_output=True, text=True, timeout=FETCH_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise SetupProblem(f"Maven did not fetch Apache Kafka within {FETCH_SECONDS // 60} minutes.") from error
    if result.returncode:
        reason = next((line for line in result.stdout.splitlines() if "ERROR" in line), "no reason given")
        raise SetupProblem(f"Maven could not fetch Apache Kafka: {reason}")
