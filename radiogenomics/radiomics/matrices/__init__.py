"""Compiled counting of grey level matrices."""
