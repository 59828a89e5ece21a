"""Runs `landfall transform` over a partitioned export with Spark.

    spark-submit transform.py --rules rules.yaml --in EXPORT --out FOLDER --rejects FILE [-- OPTIONS]

EXPORT is a folder or a file of NDJSON, also compressed; OPTIONS are further ones of `landfall transform`. Accounts are
written to FOLDER/kind=account, one file for each partition, and the rejects of all partitions to FILE, as one process over
the whole export writes them.

Exit codes: 0 success, 3 some records are invalid or unreadable; the run is complete with no other code. 1 would be that of
landfall, but Python and spark-submit also end with 1 when they cannot start.
"""

import argparse
import bisect
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from itertools import groupby
from pathlib import Path

import pandas
from py4j.protocol import Py4JError
from pyspark import SparkFiles, TaskContext
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from pyspark.sql.functions import col

ACCOUNT, REJECT, SUMMARY = KINDS = "account", "reject", "summary"

# Exit codes of landfall, and those of this program.
FINE, SOME_REJECTED = 0, 1
SUCCESS, COULD_NOT_RUN, COMPLETE_WITH_REJECTS = 0, 2, 3

# Lines are moved in batches of about this size, however long they are.
BATCH_BYTES = 4 * 1024 * 1024
BATCH_LINES = 4096

# What landfall takes for a blank line.
BLANKS = b" \t\n\x0c\r"

TOTALS = re.compile(r"^(\d+) records: (\d+) accounts, (\d+) denied, (\d+) invalid, (\d+) unreadable$", re.M)
WITHOUT_PASSWORD = re.compile(r"^(\d+) accounts? without a stored password$", re.M)
TITLE = re.compile(r"^\S.*:$")
ENTRY = re.compile(r"^ +(\+?\d+)  (.+)$")
TITLES = ("denied:", "invalid:", "unreadable:", "warnings:")
REJECT_PLACE = re.compile(rb'\{"landfall_reject":\{"number":(\d+),"line":(\d+),')


class PartitionError(RuntimeError):
    """A partition that is not complete. Spark tries the task again, and fails the job if that does not help."""


class RunError(RuntimeError):
    """A run that cannot begin or whose result is not complete."""


# ---- on the workers


@dataclass(frozen=True)
class Job:
    """What each task runs."""

    program: str  # the name under which Spark distributes it
    rules: str  # the rule file, by its path in `files`
    files: dict  # the rule file and the files that it uses: their bytes by relative path
    options: tuple  # of `landfall transform`

    def write_files(self, folder):
        for name, content in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def command(self, program, folder):
        # without `--from`, the format would be detected for each partition
        fixed = ["--rules", str(folder / self.rules), "--from", "ndjson", "--to", "ndjson", "--jobs", "1"]
        return [program, "transform", *fixed, *self.options]


@dataclass
class Split:
    """A part of a file: where it starts, and how much of it was read."""

    path: str
    start: int
    lines: int = 0
    records: int = 0


def transform_partition(frames, job):
    """The accounts, the rejects and the summary of one partition. Nothing is returned before landfall has ended well."""
    # Spark removes this folder at the end, also if this process is killed
    with tempfile.TemporaryDirectory(dir=SparkFiles.getRootDirectory()) as name:
        # executors have relative paths
        folder, program = Path(name).resolve(), Path(SparkFiles.get(job.program)).resolve()
        job.write_files(folder / "rules")
        outputs = ["--out", "accounts.ndjson", "--rejects", "rejects.ndjson"]
        splits, code = feed(frames, job.command(program, folder / "rules") + outputs, folder)
        summary = (folder / "log").read_text(encoding="utf-8", errors="replace")
        counts = checked(code, summary, sum(split.records for split in splits))
        partition = TaskContext.get().partitionId()
        written = yield from rows(ACCOUNT, folder / "accounts.ndjson")
        if written != counts["accounts"]:
            raise PartitionError(f"`landfall transform` wrote {written} of {counts['accounts']} accounts")
        rejects = yield from rows(REJECT, folder / "rejects.ndjson", b"%d " % partition)
        # more than that if records have several accounts, of which some are denied
        if rejects < counts["invalid"] + counts["unreadable"]:
            raise PartitionError(f"`landfall transform` wrote only {rejects} rejects\n{summary}")
        about = {"partition": partition, "splits": [vars(split) for split in splits], "rejects": rejects, "text": summary}
        yield pandas.DataFrame({"kind": [SUMMARY], "line": [json.dumps(about).encode()]})


def feed(frames, command, folder):
    """Sends all lines to a process. Returns the splits that they are from, and the exit code."""
    splits = []
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=log, stderr=log)
    try:
        for frame in frames:
            lines, is_first = frame["value"].tolist(), not splits
            count(frame["path"].tolist(), frame["start"].tolist(), lines, splits)
            if is_first:
                send(process, b"\n" * lines_before(splits))
            send(process, b"\n".join([*lines, b""]))
        close(process)
    except BaseException:
        process.kill()
        raise
    finally:
        code = process.wait()
    return splits, code


def lines_before(splits):
    """How many blank lines come before a partition: one if it begins in the middle of a file, which must not be taken for its
    start, where byte-order marks and compression are recognised."""
    return int(bool(splits) and splits[0].start > 0)


def send(process, data):
    try:
        process.stdin.write(data)
    except BrokenPipeError:
        pass  # it has ended early; its exit code and its counts say so


def close(process):
    try:
        process.stdin.close()
    except BrokenPipeError:
        pass


def count(paths, starts, lines, splits):
    """Counts lines and records by their split. Lines of a split follow each other."""
    for (path, start), group in groupby(zip(paths, starts, lines), key=lambda row: row[:2]):
        if not splits or (splits[-1].path, splits[-1].start) != (path, start):
            splits.append(Split(path, start))
        for row in group:
            splits[-1].lines += 1
            splits[-1].records += bool(row[2].strip(BLANKS))


def checked(code, summary, sent):
    """The counts in a summary, if they account for every record that was sent."""
    if code not in (FINE, SOME_REJECTED):
        ended = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        raise PartitionError(f"`landfall transform` {ended}\n{summary}")
    counts = totals(summary)
    if counts is None:
        raise PartitionError(f"`landfall transform` ended with exit code {code} and without a summary\n{summary}")
    if counts["records"] != sent:
        raise PartitionError(f"`landfall transform` read {counts['records']} of {sent} records\n{summary}")
    if (code == SOME_REJECTED) != (counts["invalid"] + counts["unreadable"] > 0):
        raise PartitionError(f"`landfall transform` ended with exit code {code}, against its summary\n{summary}")
    return counts


def rows(kind, path, prefix=b""):
    """Yields the lines of a file as rows of a kind; returns how many there are."""
    written = 0
    with open(path, "rb") as file:
        while lines := file.readlines(BATCH_BYTES):
            written += len(lines)
            yield pandas.DataFrame({"kind": kind, "line": [prefix + line.rstrip(b"\n") for line in lines]})
    return written


# ---- on the driver


def totals(summary):
    """The counts in the first line of a summary."""
    found = TOTALS.search(summary)
    names = ("records", "accounts", "denied", "invalid", "unreadable")
    return found and dict(zip(names, map(int, found.groups())))


@dataclass
class Total:
    """The summaries of all partitions, added up."""

    counts: Counter = field(default_factory=Counter)
    without_password: int = 0
    sections: dict = field(default_factory=dict)

    def add(self, text):
        self.counts.update(totals(text))
        without = WITHOUT_PASSWORD.search(text)
        self.without_password += int(without.group(1)) if without else 0
        title = None
        for line in text.split("\n"):
            entry = ENTRY.match(line)
            if entry and title:
                # names beyond the first twenty of a partition come without their counts
                times = 0 if entry[1].startswith("+") else int(entry[1])
                self.sections.setdefault(title, Counter())[entry[2]] += times
            else:
                title = line if TITLE.match(line) else None

    def lines(self):
        counts = self.counts
        yield (f"{counts['records']} records: {counts['accounts']} accounts, {counts['denied']} denied, "
               f"{counts['invalid']} invalid, {counts['unreadable']} unreadable")
        if self.without_password:
            yield f"{self.without_password} account{'s' * (self.without_password > 1)} without a stored password"
        known = [title for title in TITLES if title in self.sections]
        for title in known + [title for title in self.sections if title not in TITLES]:
            yield title
            names = self.sections[title]
            for name, times in sorted(names.items(), key=lambda item: (-item[1], item[0])):
                yield f"{times or '':>10}  {name}"

    def has_failures(self):
        return self.counts["invalid"] + self.counts["unreadable"] > 0


class Places:
    """Where a record of a partition is in the whole export: in its files one after the other, in the order of their paths."""

    def __init__(self, partitions):
        splits = [split for splits in partitions.values() for split in splits]
        before, number, line = {}, 0, 0
        for split in sorted(splits, key=lambda split: (split.path, split.start)):
            before[split.path, split.start] = number, line
            number, line = number + split.records, line + split.lines
        self.partitions = {partition: list(self.offsets(splits, before)) for partition, splits in partitions.items()}

    @staticmethod
    def offsets(splits, before):
        """For each split of a partition: its first line there, and what is added to numbers and lines."""
        number, line = 0, lines_before(splits)
        for split in splits:
            split_number, split_line = before[split.path, split.start]
            yield line + 1, split_number - number, split_line - line
            number, line = number + split.records, line + split.lines

    def find(self, partition, number, line):
        offsets = self.partitions[partition]
        at = bisect.bisect_right(offsets, line, key=lambda offset: offset[0]) - 1
        return number + offsets[at][1], line + offsets[at][2]

    def numbered(self, row):
        """A rejected record with its place in the whole export: its number, and its line."""
        partition, reject = row.split(b" ", 1)
        found = REJECT_PLACE.match(reject)
        if not found:
            raise PartitionError("a reject does not begin with its number and its line")
        number, line = self.find(int(partition), int(found[1]), int(found[2]))
        return number, b'{"landfall_reject":{"number":%d,"line":%d,' % (number, line) + reject[found.end():]


def number_rejects(frames, places):
    for frame in frames:
        numbers, lines = zip(*map(places.numbered, frame["line"])) if len(frame) else ((), ())
        yield pandas.DataFrame({"number": pandas.Series(numbers, dtype="int64"), "line": list(lines)})


def lines_of(spark):
    """A reader of whole lines. A cluster may be set to leave out files that cannot be read; this reader fails."""
    return spark.read.option("lineSep", "\n").option("ignoreCorruptFiles", False).option("ignoreMissingFiles", False)


def read_export(spark, path):
    """The lines of an export as they are, byte by byte, each with its file and the start of its split."""
    place = [col("_metadata.file_path").alias("path"), col("_metadata.file_block_start").alias("start")]
    # without it, Spark leaves out files in further folders
    lines = lines_of(spark).option("recursiveFileLookup", True).text(path)
    return lines.select(col("value").cast("binary"), *place)


def write_result(result, path, compression):
    """Writes the rows into one folder for each kind. Spark adds the files of complete tasks only, each of them once."""
    text = result.select(col("line").cast("string").alias("value"), "kind")
    text.write.partitionBy("kind").option("compression", compression).text(path)


def read_result(spark, path, kind):
    reader = lines_of(spark).schema("value string, kind string")
    return reader.text(path).where(col("kind") == kind).select(col("value").cast("binary").alias("line"))


def read_summaries(spark, path, partitions):
    """The summaries of all partitions."""
    if partitions == 0:
        return []
    summaries = [json.loads(bytes(row.line)) for row in read_result(spark, path, SUMMARY).collect()]
    found = sorted(summary["partition"] for summary in summaries)
    if found != list(range(partitions)):
        raise RunError(f"the result has summaries of {len(found)} instead of {partitions} partitions")
    return sorted(summaries, key=lambda summary: summary["partition"])


def collect_rejects(spark, path, places, file):
    """Writes the rejects of all partitions into one file, in the order of the export. Returns how many there are."""
    written = 0
    rejects = read_result(spark, path, REJECT)
    numbered = rejects.mapInPandas(lambda frames: number_rejects(frames, places), "number long, line binary")
    for row in numbered.orderBy("number").select("line").toLocalIterator():
        file.write(bytes(row.line) + b"\n")
        written += 1
    return written


@contextmanager
def replaced(path):
    """A file that takes its name when it is complete. Only its owner can read it."""
    file = tempfile.NamedTemporaryFile(dir=Path(path).resolve().parent, prefix=".rejects-", delete=False)
    try:
        with file:
            yield file
        os.replace(file.name, path)
    except BaseException:
        os.unlink(file.name)
        raise


def make_job(arguments):
    files = [Path(name).resolve() for name in (arguments.rules, *arguments.uses)]
    base = Path(os.path.commonpath([file.parent for file in files]))
    content = {str(file.relative_to(base)): file.read_bytes() for file in files}
    options = ("--now", arguments.now, *arguments.options)
    return Job(Path(arguments.landfall).name, str(files[0].relative_to(base)), content, options)


def try_out(job, landfall):
    """Runs no record, so that mistakes in rules and options are found here and not by every task."""
    with tempfile.TemporaryDirectory() as name:
        job.write_files(Path(name))
        tried = subprocess.run(job.command(landfall, Path(name)), stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if tried.returncode != FINE:
        is_missing = "cannot read" in tried.stderr
        help = "\nhelp: name the files that the rules use, as `--uses FILE`" if is_missing else ""
        raise RunError(tried.stderr.strip().removeprefix("error: ") + help)


def open_session():
    spark = SparkSession.builder.appName("landfall transform").getOrCreate()
    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", BATCH_LINES)
    spark.conf.set("spark.sql.execution.arrow.maxBytesPerBatch", BATCH_BYTES)
    # with a writer for each kind, the rows of a task are not sorted
    spark.conf.set("spark.sql.maxConcurrentOutputFileWriters", len(KINDS))
    return spark


def transform(spark, arguments, job):
    """Writes the result, and returns the summaries of the partitions."""
    spark.sparkContext.addFile(arguments.landfall)
    lines = read_export(spark, arguments.input)
    partitions = lines.rdd.getNumPartitions()
    result = lines.mapInPandas(lambda frames: transform_partition(frames, job), "kind string, line binary")
    write_result(result, arguments.out, "gzip" if arguments.gzip else "none")
    return read_summaries(spark, arguments.out, partitions)


def run(arguments):
    job = make_job(arguments)
    try_out(job, arguments.landfall)
    with replaced(arguments.rejects) as rejects:
        spark = open_session()
        began = time.monotonic()
        summaries = transform(spark, arguments, job)
        splits = {summary["partition"]: [Split(**split) for split in summary["splits"]] for summary in summaries}
        expected = sum(summary["rejects"] for summary in summaries)
        written = collect_rejects(spark, arguments.out, Places(splits), rejects) if splits else 0
        if written != expected:
            raise RunError(f"only {written} of {expected} rejects could be read from the result")
        seconds = time.monotonic() - began
    total = Total()
    for summary in summaries:
        total.add(summary["text"])
    rate = total.counts["records"] / seconds
    print(*total.lines(), f"{seconds:.2f} s, {rate:.0f} records/s, {len(summaries)} partitions", sep="\n", file=sys.stderr)
    return COMPLETE_WITH_REJECTS if total.has_failures() else SUCCESS


def read_arguments(given):
    parser = argparse.ArgumentParser(prog="transform.py", allow_abbrev=False)
    add = parser.add_argument
    add("--rules", required=True, metavar="FILE", help="the rule file")
    add("--uses", action="append", default=[], metavar="FILE", help="a file that the rules use; can be repeated")
    add("--in", dest="input", required=True, metavar="EXPORT", help="folder or file of NDJSON that Spark can read")
    add("--out", required=True, metavar="FOLDER", help="new folder for the result that Spark can write")
    add("--rejects", required=True, metavar="FILE", help="local file for rejected and unreadable records")
    add("--gzip", action="store_true", help="compress the files of the result")
    add("--now", default=datetime.now(timezone.utc).isoformat(), metavar="TIME",
        help="value of `$facts.now`, the same for all partitions (default: the current time)")
    add("--landfall", default=shutil.which("landfall"), metavar="FILE",
        help="the program, which is sent to the workers (default: the one in PATH)")
    add("options", nargs="*", help="further options of `landfall transform`, such as `-- --credentials`")
    arguments = parser.parse_args(given)
    if not arguments.landfall:
        parser.error("`landfall` is not in PATH; install it or set `--landfall`")
    return arguments


def message_of(error):
    """What went wrong, without the trace of Spark around what a worker said."""
    said = re.search(r"PartitionError: (.*?)(?=\n\s*at |\n\n|\Z)", str(error), re.S)
    if said:
        return said[1].strip()
    is_expected = isinstance(error, (RunError, PySparkException, Py4JError, OSError))
    return str(error) if is_expected else "".join(traceback.format_exception(error))


def main(given):
    arguments = read_arguments(given)
    try:
        return run(arguments)
    except Exception as error:  # whatever it is, it must not end with the exit code of a complete run
        print(f"error: {message_of(error)}", file=sys.stderr)
        print(f"the run is not complete; do not use what it may have written to `{arguments.out}`", file=sys.stderr)
        return COULD_NOT_RUN


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
