"""Tests of r1_model.motion."""
