"""The network: Qwen2.5-VL with a point cloud encoder and a dense decoder."""
