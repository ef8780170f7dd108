"""Our model's answers to the benchmarks, with what it sees switched; the paper's tables of them."""
