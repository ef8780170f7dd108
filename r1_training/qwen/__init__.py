"""Training Qwen2.5-VL-7B on Scene-30K and ScanNet with the paper's settings; its dry run."""
