"""``ringfence snapshot``."""

from __future__ import annotations

import click

from ringfence.cli import exits
from ringfence.cli.options import Shared, shared_options

STDOUT = "-"


@click.command(short_help="Keep what was read in one file.")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    required=True,
    type=click.Path(dir_okay=False, allow_dash=True),
    help="Where to; compressed if it ends in .gz; - for stdout.",
)
@shared_options()
def snapshot(shared: Shared, output: str) -> int:
    """Keep what was read in one file, to ask it later and elsewhere: ringfence ... -f FILE.

    Answers and problems are those of the input, with the places of its files. Left out is what ringfence does not
    read: data of Secrets and ConfigMaps, environment, commands, arguments (but settings of the network plugin, as yes
    or no), and annotations but those in its list. What flags and .ringfence.yaml tell of the cluster is not in it. The
    same input gives the same bytes.

    \b
    Exit codes: 0, or 3 if the input was partial (the snapshot is, too); 2 usage or no object.
    """  # noqa: D301 - click's mark for lines to keep as they are
    from ringfence.cli.loading import open_world

    opened = open_world(shared)
    document = opened.world.snapshot()
    if output.endswith(".gz"):
        from ringfence.sources.snapshots import packed

        document = packed(document)
    if output == STDOUT:
        import sys

        sys.stdout.buffer.write(document)
    else:
        _write(output, document)
        count = opened.world.cluster.objects
        opened.say([f"{count} object{'s' if count != 1 else ''} kept in {output!a}"])
    return exits.PARTIAL if opened.context.partial else exits.OK


def _write(file: str, document: bytes) -> None:
    """All of it or nothing: a snapshot that is there stays until the new one is whole."""
    import contextlib
    import os
    import tempfile

    from ringfence.cli.errors import CommandError

    try:
        if os.path.exists(file) and not os.path.isfile(file):
            with open(file, "wb") as stream:  # a pipe, or /dev/null
                stream.write(document)
            return
        descriptor, beside = tempfile.mkstemp(prefix=".ringfence-", dir=os.path.dirname(file) or ".")
        try:
            with open(descriptor, "wb") as stream:
                stream.write(document)
            mask = os.umask(0)
            os.umask(mask)
            os.chmod(beside, 0o666 & ~mask)
            os.replace(beside, file)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(beside)
            raise
    except OSError as error:
        raise CommandError(f"cannot write {file!a}: {error.strerror}") from error
