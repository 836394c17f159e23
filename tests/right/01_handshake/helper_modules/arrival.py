"""A segment arrives: RFC 9293, section 3.10.7."""
from segment import ACK, FIN, RST, SYN
from sequence import add, before, distance
from settings import RCV_WND


def arrives(block, segment):
    stranger = segment.destination != block.port or block.remote_port not in (None, segment.source)
    if stranger or block.state == "CLOSED":
        return block.put_reset(segment)
    if block.state == "LISTEN":
        return listen(block, segment)
    if block.state == "SYN-SENT":
        return syn_sent(block, segment)
    return others(block, segment)


def listen(block, segment):
    if segment.has(RST) or segment.has(ACK):
        return block.put_reset(segment)
    if not segment.has(SYN):
        return []
    block.remote_port, block.rcv_nxt, block.state = segment.source, add(segment.seq, 1), "SYN-RECEIVED"
    return block.put_numbered(SYN | ACK)


def syn_sent(block, segment):
    if segment.has(ACK) and segment.ack != block.snd_nxt:
        return block.put_reset(segment)
    if segment.has(RST):
        return block.end("refused") if segment.has(ACK) else []
    if not segment.has(SYN):
        return []
    block.rcv_nxt = add(segment.seq, 1)
    if segment.has(ACK):
        block.acknowledge(segment.ack)
        block.state = "ESTABLISHED"
        return block.put()
    block.waiting.clear()
    block.snd_nxt, block.state = block.iss, "SYN-RECEIVED"
    return block.put_numbered(SYN | ACK)


def in_window(block, segment):
    return distance(block.rcv_nxt, segment.seq) < RCV_WND or (
        segment.size > 0 and distance(block.rcv_nxt, add(segment.seq, segment.size - 1)) < RCV_WND)


def others(block, segment):
    if not in_window(block, segment):
        if segment.has(RST):
            return []
        if segment.has(FIN) and block.state == "TIME-WAIT":
            block.rest()
        return block.put()
    if segment.has(RST) and segment.seq != block.rcv_nxt:
        return block.put()
    if block.state == "SYN-RECEIVED" and block.passive and (segment.has(RST) or segment.has(SYN)):
        return block.begin_listening()
    if segment.has(RST):
        errors = {"SYN-RECEIVED": "refused", "CLOSING": "", "LAST-ACK": "", "TIME-WAIT": ""}
        return block.end(errors.get(block.state, "reset"))
    if segment.has(SYN):
        return block.put()
    if not segment.has(ACK):
        return []
    news = before(block.snd_una, segment.ack) and not before(block.snd_nxt, segment.ack)
    if block.state == "SYN-RECEIVED":
        if not news:
            return block.put_reset(segment)
        block.state = "ESTABLISHED"
    if before(block.snd_nxt, segment.ack):
        return block.put()
    if news:
        block.acknowledge(segment.ack)
    if block.snd_una == block.snd_nxt:
        if block.state == "LAST-ACK":
            return block.end()
        if block.state == "CLOSING":
            block.rest()
        if block.state == "FIN-WAIT-1":
            block.state = "FIN-WAIT-2"
    take(block, segment)
    return block.put() if segment.size else []


def take(block, segment):
    if block.state not in ("ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2"):
        return
    if segment.seq == block.rcv_nxt:
        block.received += segment.data
        block.rcv_nxt = add(block.rcv_nxt, len(segment.data))
    if segment.has(FIN) and add(segment.seq, len(segment.data)) == block.rcv_nxt:
        block.rcv_nxt = add(block.rcv_nxt, 1)
        if block.state == "FIN-WAIT-2":
            block.rest()
        else:
            block.state = "CLOSE-WAIT" if block.state == "ESTABLISHED" else "CLOSING"
