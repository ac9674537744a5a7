"""The table of the comparison."""

from __future__ import annotations

from galera_cluster.figures import Figures, Side

PLATFORM, GALERA = Side.PLATFORM, Side.GALERA


def filled() -> Figures:
    figures = Figures()
    for side, values in ((PLATFORM, (900.0, 1200.0, 1000.0)), (GALERA, (500.0, 400.0, 450.0))):
        for value in values:
            figures.add("commits/s, 1 client", side, value, most=True, places=0)
    for side, gaps in ((PLATFORM, (0.5, 0.4)), (GALERA, (6.0, 5.0))):
        for gap in gaps:
            figures.add("gap, s", side, gap)
            figures.add("lost", side, 0, places=0)
    return figures


def test_the_worst_is_the_least_of_what_should_be_much_and_the_most_of_what_should_be_little() -> None:
    speed, gap, lost = filled().whole
    assert (speed.median(PLATFORM), speed.worst(PLATFORM), speed.worst(GALERA)) == (1000, 900, 400)
    assert (gap.worst(PLATFORM), gap.worst(GALERA)) == (0.5, 6.0)
    assert lost.ratio is None, "nothing through nothing is no figure"


def test_the_table_has_medians_and_ratios() -> None:
    lines = filled().table().splitlines()
    assert [cell.strip() for cell in lines[2].strip("|").split("|")] == [
        "commits/s, 1 client",
        "1,000",
        "900",
        "450",
        "400",
        "2.22",
    ]
    assert lines[4].rstrip(" |").endswith("–")


def test_what_only_one_side_has_is_left_out() -> None:
    figures = filled()
    figures.add("only once", PLATFORM, 1.0)
    assert "only once" not in figures.table()
    assert [one["what"] for one in figures.to_json()] == ["commits/s, 1 client", "gap, s", "lost"]
