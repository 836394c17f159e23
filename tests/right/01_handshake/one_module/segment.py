"""The segments are made and taken apart in endpoint.py, where all of it is; here are only the names."""
from endpoint import ACK, CWR, ECE, FIN, PSH, RST, SYN, URG, Segment, SegmentError, add, before, checksum
from endpoint import internet_checksum, length, pack, parse

__all__ = ["ACK", "CWR", "ECE", "FIN", "PSH", "RST", "SYN", "URG", "Segment", "SegmentError", "add", "before",
           "checksum", "internet_checksum", "length", "pack", "parse"]
