"""The one writer of Markdown tables: bars, strangers' texts, columns to the right."""

from __future__ import annotations

from tf1_models.output.markdown import escape, markdown_table


def test_a_bar_is_escaped_once() -> None:
    """Bare ones by the table; those that `escape` has dealt with are left, whatever backslashes stand before them."""
    assert markdown_table(["a|b"], [["x|y\nz"], [escape("x|y")], [escape("x\\|y")], ["\\"]]).splitlines() == [
        "| a\\|b |",
        "| --- |",
        "| x\\|y z |",
        "| x\\|y |",
        "| x\\\\\\|y |",
        "| \\ |",
    ]


def test_named_columns_are_aligned_right() -> None:
    assert markdown_table(["rank", "name"], [[1, "a"]], right=["rank"]) == "| rank | name |\n| ---: | --- |\n| 1 | a |"
