"""Runs `landfall assess` over a partitioned export with Spark, and merges the results into the report of one process.

    spark-submit assess.py --rules rules.yaml --in EXPORT --parts FOLDER [-- OPTIONS]

EXPORT is a folder or a file of NDJSON, also compressed; OPTIONS are those of `landfall assess merge`, such as
`--out assessment.json --html report.html`. FOLDER gets the partial results, which are as sensitive as the export: remove it
afterwards.

Exit codes: 0 success, 3 a threshold of --fail-over is exceeded; the report is complete with no other code.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import groupby
from pathlib import Path

import pandas
from pyspark import SparkFiles

import transform
from transform import BATCH_BYTES, COULD_NOT_RUN, FINE, SUCCESS, Job, PartitionError, RunError, Split

# Exit code of landfall and of this program if a threshold is exceeded.
FINDINGS, OVER_THRESHOLD = 1, 3

COLUMNS = "path string, start long, records long, number long, bytes binary"


@dataclass(frozen=True)
class AssessJob(Job):
    """What each task runs."""

    def command(self, program, folder):
        # without `--from`, the format would be detected for each part
        fixed = ["--rules", str(folder / self.rules), "--from", "ndjson", "--jobs", "1", "--partial", "part"]
        return [program, "assess", *fixed, *self.options]


# ---- on the workers


def assess_partition(frames, job):
    """The partial results of the splits in a partition: records are numbered by split, so each has one of its own."""
    # Spark removes this folder at the end, also if this process is killed
    with tempfile.TemporaryDirectory(dir=SparkFiles.getRootDirectory()) as name:
        # executors have relative paths
        folder, program = Path(name).resolve(), Path(SparkFiles.get(job.program)).resolve()
        job.write_files(folder / "rules")
        command = job.command(program, folder / "rules")
        for (path, start), pieces in groupby(pieces_of(frames), key=lambda piece: piece[0]):
            split = Split(path, start)
            assess(split, (lines for _, lines in pieces), command, folder)
            yield from rows(split, folder / "part")


def pieces_of(frames):
    """The lines of each split, in pieces."""
    for frame in frames:
        rows = zip(frame["path"].tolist(), frame["start"].tolist(), frame["value"].tolist())
        for place, group in groupby(rows, key=lambda row: row[:2]):
            yield place, [row[2] for row in group]


def assess(split, pieces, command, folder):
    """Sends the lines of a split to a process, which writes its partial result."""
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=log, stderr=log)
    try:
        transform.send(process, b"\n" * transform.lines_before([split]))
        for lines in pieces:
            split.records += sum(bool(line.strip(transform.BLANKS)) for line in lines)
            transform.send(process, b"\n".join([*lines, b""]))
        transform.close(process)
    except BaseException:
        process.kill()
        raise
    finally:
        code = process.wait()
    if code != FINE:
        ended = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        said = (folder / "log").read_text(encoding="utf-8", errors="replace")
        raise PartitionError(f"`landfall assess` {ended}\n{said}")


def rows(split, path):
    """The file of a partial result in pieces, which is removed then."""
    with open(path, "rb") as file:
        for number, piece in enumerate(iter(lambda: file.read(BATCH_BYTES), b"")):
            columns = {"path": split.path, "start": split.start, "records": split.records, "number": number, "bytes": [piece]}
            yield pandas.DataFrame(columns)
    path.unlink()


# ---- on the driver


def write_parts(spark, arguments, job):
    """Writes the partial results. Spark adds the files of complete tasks only, each of them once."""
    spark.sparkContext.addFile(arguments.landfall)
    spark.sparkContext.addPyFile(transform.__file__)
    lines = transform.read_export(spark, arguments.input)
    lines.mapInPandas(lambda frames: assess_partition(frames, job), COLUMNS).write.parquet(arguments.parts)


def collect_parts(spark, arguments, folder):
    """Copies the partial results into files, in the order of the export. Returns them, and the number of records."""
    files, records, place = [], 0, None
    for row in spark.read.schema(COLUMNS).parquet(arguments.parts).orderBy("path", "start", "number").toLocalIterator():
        if place != (row.path, row.start):
            place = row.path, row.start
            files.append(folder / f"{len(files)}.part")
            records += row.records
        with open(files[-1], "ab") as file:
            file.write(row.bytes)
    return files, records


def merge(arguments, files, records, folder):
    """Writes the report. The exit code is that of `landfall assess merge`."""
    document = folder / "assessment.json"
    merged = subprocess.run([arguments.landfall, "assess", "merge", *files, "--partial", folder / "all.part"], check=False)
    if merged.returncode != FINE:
        raise RunError(f"`landfall assess merge` ended with exit code {merged.returncode}")
    found = subprocess.run([arguments.landfall, "assess", "merge", folder / "all.part", "--no-measure", "--out", document],
                           stdout=subprocess.DEVNULL, check=False)
    assessed = json.loads(document.read_text())["records"]["all"] if found.returncode == FINE else 0
    if assessed != records:
        raise RunError(f"the partial results have {assessed} of {records} records")
    return subprocess.run([arguments.landfall, "assess", "merge", folder / "all.part", *arguments.options], check=False).returncode


def make_job(arguments):
    job = transform.make_job(arguments)
    options = ("--now", arguments.now, "--name", arguments.name)
    return AssessJob(job.program, job.rules, job.files, (*options, *(f"--param={param}" for param in arguments.param)))


def run(arguments):
    job = make_job(arguments)
    with tempfile.TemporaryDirectory(prefix="assess-") as name:
        folder = Path(name)
        try_out(job, arguments.landfall, folder)
        spark = transform.open_session()
        write_parts(spark, arguments, job)
        files, records = collect_parts(spark, arguments, folder)
        code = merge(arguments, files or [folder / "rules" / "part"], records, folder)
    if code not in (FINE, FINDINGS):
        raise RunError(f"`landfall assess merge` ended with exit code {code}")
    return SUCCESS if code == FINE else OVER_THRESHOLD


def try_out(job, landfall, folder):
    """Assesses no record, so that mistakes in rules and options are found here and not by every task. The partial result is
    that of an empty export."""
    job.write_files(folder / "rules")
    command = job.command(landfall, folder / "rules")
    tried = subprocess.run(command, cwd=folder / "rules", stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if tried.returncode != FINE:
        is_missing = "cannot read" in tried.stderr
        help = "\nhelp: name the files that the rules use, as `--uses FILE`" if is_missing else ""
        raise RunError(tried.stderr.strip().removeprefix("error: ") + help)


def read_arguments(given):
    parser = argparse.ArgumentParser(prog="assess.py", allow_abbrev=False)
    add = parser.add_argument
    add("--rules", required=True, metavar="FILE", help="the rule file")
    add("--uses", action="append", default=[], metavar="FILE", help="a file that the rules use; can be repeated")
    add("--param", action="append", default=[], metavar="NAME=VALUE", help="a parameter of the rules; can be repeated")
    add("--in", dest="input", required=True, metavar="EXPORT", help="folder or file of NDJSON that Spark can read")
    add("--parts", required=True, metavar="FOLDER", help="new folder for the partial results that Spark can write")
    add("--name", metavar="NAME", help="name of the export in the report (default: that of --in)")
    add("--now", default=datetime.now(timezone.utc).isoformat(), metavar="TIME",
        help="value of `$facts.now`, the same for all partitions (default: the current time)")
    add("--landfall", default=shutil.which("landfall"), metavar="FILE",
        help="the program, which is sent to the workers (default: the one in PATH)")
    add("options", nargs="*", help="options of `landfall assess merge`, such as `-- --out assessment.json`")
    arguments = parser.parse_args(given)
    if not arguments.landfall:
        parser.error("`landfall` is not in PATH; install it or set `--landfall`")
    arguments.name = arguments.name or arguments.input.rstrip("/").rsplit("/", 1)[-1]
    return arguments


def main(given):
    arguments = read_arguments(given)
    try:
        return run(arguments)
    except Exception as error:  # whatever it is, it must not end with the exit code of a complete run
        print(f"error: {transform.message_of(error)}", file=sys.stderr)
        print("the run is not complete; do not use the report", file=sys.stderr)
        return COULD_NOT_RUN


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
