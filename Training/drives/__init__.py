"""Simulated six-camera drives: SUMO traffic, EGL pictures, labels. See Training/README.md."""
