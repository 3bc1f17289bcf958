"""`report [DIR]`: renders the results again from what runs wrote; trains nothing."""

from __future__ import annotations

import argparse

EXAMPLES = (
    "report",
    "report runs --json",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's options."""
    parser.add_argument("folder", nargs="?", default="runs", metavar="DIR", help="results folder (default: runs)")
    parser.add_argument(
        "--record",
        action="store_true",
        help="add the finished CIFAR-10 runs of DIR to the kit's records.json, for the README",
    )
    parser.add_argument(
        "--readme",
        metavar="FILE",
        help="rewrite the blocks of this page (results, headline, by_report: those it has) from records.json",
    )
    parser.add_argument("--picture", metavar="FILE.png", help="draw records.json: a line a number")
    parser.add_argument("--records", metavar="FILE", help="another records.json than the kit's own")
    parser.add_argument("--json", action="store_true", help="print the document on stdout")


def run(args: argparse.Namespace) -> int:
    """Runs the verb."""
    import os
    import sys

    from tf1_models.errors import InputError, MachineError, install_command
    from tf1_models.output.markdown import write_blocks
    from tf1_models.reproduce import records
    from tf1_models.reproduce.page import tables, writing
    from tf1_models.reproduce.verdicts import folders, summary
    from tf1_models.storage.files import to_json, write_bytes, writing_output

    path = args.records or records.PATH
    if args.record:
        new = [one.run for one in folders.read_all(args.folder).finished]
        if not new:
            raise InputError(
                f"no finished run at {args.folder}/REPORT/RUN/FOLDER; name the folder that --out of `train` or "
                "`reproduce` named"
            )
        old = records.read(path) if os.path.exists(path) else []
        merged = records.merge(old, new)
        with writing_output(path):
            records.write(merged, path)
        print(f"{path}: {len(merged)} runs, {len(merged) - len(old)} more than before", file=sys.stderr)
    if args.readme or args.picture:
        document = summary.build(records.read(path))
    if args.readme:
        blocks = {
            tables.README_BLOCK: tables.readme_block,
            tables.HEADLINE_BLOCK: tables.headline,
            tables.BY_REPORT_BLOCK: tables.by_report,
        }
        changed = write_blocks(args.readme, {name: render(document) for name, render in blocks.items()})
        print(f"{args.readme}: {'rewritten' if changed else 'already current'}", file=sys.stderr)
    if args.picture:
        picture = writing.picture_of(document)
        if picture is None:
            raise MachineError(f"the picture needs matplotlib: {install_command('plots')}")
        with writing_output(args.picture):
            write_bytes(args.picture, picture)
    if args.record or args.readme or args.picture:
        return 0
    if not os.path.isdir(args.folder):
        raise InputError(f"no folder {args.folder!r}; `reproduce` and `train` write run folders below ./runs")
    document = writing.write_pages(args.folder)
    if args.json:
        print(to_json(document))
        return 0
    for name, count in document["counts"].items():
        print(f"{count:3d} {name}")
    print(document["chance"]["words"])
    print(document["sensitivity"]["words"])
    print(f"results: {args.folder}/report.html, report.md, report.csv, report.json")
    return 0
