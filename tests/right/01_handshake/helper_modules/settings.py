"""What the course says."""
RCV_WND = 8192
MSS = 536
RTO, MAX_RTO = 1000, 60_000
MOST_SENDS = 6
MSL = 30_000
