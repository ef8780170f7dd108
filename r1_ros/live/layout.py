"""How the viewer lays out what `LiveRecording` logs."""

from __future__ import annotations

import rerun.blueprint as rrb

_BACKGROUND = (27, 27, 32, 255)  # walls and ceilings are light


def layout() -> rrb.Blueprint:
    """The room large; beside it what is said and looked at; below it plan, health and timings."""
    pictures = [
        rrb.Spatial2DView(origin=f"views/{rank}", name=f"View {rank}") for rank in (1, 2, 3)
    ]
    return rrb.Blueprint(
        rrb.Horizontal(
            rrb.Vertical(
                rrb.Spatial3DView(origin="scene", name="Room", background=_BACKGROUND),
                rrb.Horizontal(
                    rrb.TextLogView(
                        contents=["plan", "health", "map"],
                        name="Plan and health",
                        columns=rrb.TextLogColumns(text_log_columns=["LogLevel", "Body"]),
                    ),
                    rrb.TimeSeriesView(origin="timings", name="Timings"),
                    column_shares=[3, 2],
                ),
                row_shares=[3, 1],
            ),
            rrb.Vertical(
                rrb.TextDocumentView(origin="answer", name="Answer"),
                rrb.TextDocumentView(origin="reasoning", name="Reasoning"),
                rrb.Horizontal(*pictures),
                rrb.TextDocumentView(origin="views/scores", name="Why these views"),
                rrb.Spatial2DView(origin="scene/camera/color", name="Camera"),
                row_shares=[5, 3, 3, 5, 4],
            ),
            column_shares=[3, 2],
        ),
        collapse_panels=True,
    )
