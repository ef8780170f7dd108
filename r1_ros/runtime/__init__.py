"""What every node needs: lifecycle, executor, parameters, diagnostics, action ends, errors."""
