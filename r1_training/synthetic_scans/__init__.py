"""Synthetic rooms as ScanNet scans, with rows in the schemas of the field's annotation files."""
