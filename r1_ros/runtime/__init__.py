"""What every node needs: lifecycle, executor, diagnostics, action ends, errors."""
