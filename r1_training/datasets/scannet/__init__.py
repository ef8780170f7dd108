"""ScanNet: raw scans, the prepared set, and which scenes may be trained on."""
