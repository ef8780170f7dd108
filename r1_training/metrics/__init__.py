"""The field's metrics, one family a file, on documented prediction files. All values in percent."""
