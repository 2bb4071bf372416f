"""Real servers for tests, started on this machine and ended with the test."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

ORTHANC_PLUGINS = Path("/usr/share/orthanc/plugins")


def program(name: str) -> str:
    """Path of a system program; skips the test by name where it is not installed."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if found is None:
        pytest.skip(f"{name} is not installed (as root, `make test` installs it)")
    return found


@contextmanager
def running(command: list[str], log: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a group of its own that is ended with the block."""
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command, stdout=stream, stderr=subprocess.STDOUT, env=os.environ | environment, start_new_session=True
        )
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def wait_for(condition, what: str, seconds: float = 30) -> None:
    """Poll until ``condition()`` holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what} did not happen within {seconds} s"
        time.sleep(0.1)


def free_port() -> int:
    """A port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def orthanc(folder: Path) -> Iterator[str]:
    """Orthanc with its DICOMweb plug-in, user alice, password s3cret; yields the root of its HTTP server."""
    binary = program("Orthanc")
    if not list(ORTHANC_PLUGINS.glob("libOrthancDicomWeb*")):
        pytest.skip("orthanc-dicomweb is not installed (as root, `make test` installs it)")
    port = free_port()
    settings = {
        "Name": "test",
        "StorageDirectory": str(folder / "db"),
        "IndexDirectory": str(folder / "db"),
        "HttpPort": port,
        "DicomServerEnabled": False,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": True,
        "RegisteredUsers": {"alice": "s3cret"},
        "HttpCompressionEnabled": False,
        "StableAge": 1,
        "Plugins": [str(ORTHANC_PLUGINS)],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/", "Ssl": False, "SeriesMetadata": "Full"},
    }
    (folder / "orthanc.json").write_text(json.dumps(settings))
    log = folder / "orthanc.log"
    with running([binary, str(folder / "orthanc.json")], log, TCP_NODELAY="1"):
        wait_for(lambda: "Orthanc has started" in log.read_text(errors="replace"), "start of Orthanc")
        yield f"http://127.0.0.1:{port}"


FIXED_CONF = Path("/etc/slurm/slurm.conf")
SLURM_CONF = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,defer_batch
ReturnToService=2
MpiDefault=none
SwitchType=switch/none
JobAcctGatherType=jobacct_gather/linux
MinJobAge=600
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 RealMemory=6000 State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=60 State=UP
AccountingStorageType=accounting_storage/none
"""


@contextmanager
def closing_link(link: Path) -> Iterator[None]:
    """Remove a link with the block."""
    try:
        yield
    finally:
        link.unlink()


@contextmanager
def munge(folder: Path, daemon: str) -> Iterator[None]:
    """The authentication service of one cluster, with a key and a socket of its own: none of the machine is needed.

    Without ``--force`` it refuses a socket in a folder that only its owner may enter, which is all that one user needs.
    """
    key = folder / "munge.key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o400)
    options = {"socket": "munge.socket", "key-file": "munge.key", "pid-file": "munged.pid", "seed-file": "munged.seed"}
    arguments = [f"--{option}={folder / name}" for option, name in options.items()]
    with running([daemon, "--foreground", "--force", *arguments], folder / "munged.out"):
        wait_for((folder / "munge.socket").exists, "start of munged")
        yield


@contextmanager
def slurm(folder: Path) -> Iterator[str]:
    """A cluster of one node; yields the path of its slurm.conf.

    Snakemake's executor takes every SLURM variable out of a job's environment, so the job's own ``srun`` looks for the
    configuration at its fixed place; it is linked from there while the cluster runs.
    """
    controller, daemon, info, munged = (program(name) for name in ("slurmctld", "slurmd", "sinfo", "munged"))
    if os.geteuid() != 0:
        pytest.skip("SLURM daemons can only be started by root")
    if FIXED_CONF.exists():
        pytest.skip(f"{FIXED_CONF} belongs to another cluster")
    for name in ("state", "spool"):
        (folder / name).mkdir()
    host = socket.gethostname().split(".")[0]
    conf = folder / "slurm.conf"
    conf.write_text(SLURM_CONF.format(host=host, folder=folder, ports=(free_port(), free_port())))
    environment = {"SLURM_CONF": str(conf)}
    FIXED_CONF.unlink(missing_ok=True)  # a dangling link of a test that was killed
    FIXED_CONF.parent.mkdir(parents=True, exist_ok=True)
    FIXED_CONF.symlink_to(conf)
    with (
        closing_link(FIXED_CONF),
        munge(folder, munged),
        running([controller, "-D"], folder / "controller.out", **environment),
        running([daemon, "-D"], folder / "daemon.out", **environment),
    ):

        def idle() -> bool:
            done = subprocess.run(
                [info, "-h", "-o", "%t"], env=os.environ | environment, capture_output=True, text=True, check=False
            )
            return done.stdout.strip() == "idle"

        wait_for(idle, "an idle node")
        yield str(conf)
