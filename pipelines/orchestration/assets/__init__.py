"""Tables as Dagster sees them. Nothing is computed here: an asset calls a plain function and reports the outcome."""

import warnings

import dagster as dg

# Single-run backfills and pools are marked beta; the version is pinned, and the marks would stand before every command's output.
warnings.filterwarnings("ignore", category=dg.BetaWarning)
