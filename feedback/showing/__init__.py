"""Measures as figures and sentences."""
