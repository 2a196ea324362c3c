#!/usr/bin/env python3
"""Computes anew what `wirecraft diffserv condition --json` counts, from the capture and the agreement alone, with exact fractions.

Standard input has a line for each run: the agreement's file, a tab, and the capture's, classic pcap of Ethernet or raw IP. Prints a line of
JSON for each: the counters of the rules and of the default.
"""
import ipaddress
import json
import struct
import sys
from fractions import Fraction

DSCP = {"DF": 0, "LE": 1, "EF": 46, "VOICE-ADMIT": 44, "NQB": 45}
DSCP.update({f"CS{n}": 8 * n for n in range(8)})
DSCP.update({f"AF{c}{d}": 8 * c + 2 * d for c in range(1, 5) for d in range(1, 4)})
EXTENSIONS = {0, 43, 60, 135, 139, 140}


def codepoint(value):
    return value if isinstance(value, int) else DSCP[value] if value in DSCP else int(value, 0)


def frames(path):
    data = open(path, "rb").read()
    magic = data[:4]
    order = {b"\xd4\xc3\xb2\xa1": "<", b"\x4d\x3c\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">", b"\xa1\xb2\x3c\x4d": ">"}[magic]
    unit = 1 if b"\x3c" in magic and magic in (b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d") else 1000
    link = struct.unpack(order + "I", data[20:24])[0] & 0xFFFF
    at = 24
    while at + 16 <= len(data):
        seconds, fraction, length, _ = struct.unpack(order + "IIII", data[at : at + 16])
        yield link, seconds * 10**9 + fraction * unit, data[at + 16 : at + 16 + length]
        at += 16 + length


def network(link, frame):
    """The IP packet of a frame, or None."""
    if link in (12, 14, 101):
        return frame
    if link != 1 or len(frame) < 14:
        return None
    kind, at = struct.unpack(">H", frame[12:14])[0], 14
    while kind in (0x8100, 0x88A8) and len(frame) >= at + 4:
        kind, at = struct.unpack(">H", frame[at + 2 : at + 4])[0], at + 4
    if kind == 0x0800 and frame[at : at + 1] and frame[at] >> 4 == 4:
        return frame[at:]
    if kind == 0x86DD and frame[at : at + 1] and frame[at] >> 4 == 6:
        return frame[at:]
    return None


def packet(octets):
    """Addresses, protocol, ports, DSCP, length, later fragment; None if the headers can't be read."""
    version = octets[0] >> 4
    if version == 4:
        if len(octets) < 20 or octets[0] & 15 < 5:
            return None
        head, length = (octets[0] & 15) * 4, struct.unpack(">H", octets[2:4])[0]
        if len(octets) < head or length < head:
            return None
        upper = octets[head:length]
        later = struct.unpack(">H", octets[6:8])[0] & 0x1FFF != 0
        source, destination = (ipaddress.ip_address(octets[at : at + 4]) for at in (12, 16))
        dscp, protocol = octets[1] >> 2, octets[9]
    else:
        if len(octets) < 40:
            return None
        length = 40 + struct.unpack(">H", octets[4:6])[0]
        source, destination = (ipaddress.ip_address(octets[at : at + 16]) for at in (8, 24))
        dscp, protocol = struct.unpack(">H", octets[:2])[0] >> 6 & 63, octets[6]
        upper, later = octets[40:length], False
        while protocol in EXTENSIONS or protocol in (44, 51):
            if len(upper) < 8:
                return None
            if protocol == 44:
                later = struct.unpack(">H", upper[2:4])[0] & 0xFFF8 != 0
                size = 8
            else:
                size = (upper[1] + 2) * 4 if protocol == 51 else (upper[1] + 1) * 8
            if len(upper) < size:
                return None
            protocol, upper = upper[0], upper[size:]
            if later:
                break
    ports = None
    if protocol in (6, 17, 33, 132, 136) and not later and len(upper) >= 4:
        ports = struct.unpack(">HH", upper[:4])
    return {"src": source, "dst": destination, "protocol": protocol, "ports": ports, "dscp": dscp, "length": length, "later": later}


def address_matches(asked, address):
    if asked == "any":
        return True
    if "-" in asked:
        first, last = (ipaddress.ip_address(part) for part in asked.split("-"))
        return first.version == address.version and first <= address <= last
    net = ipaddress.ip_network(asked, strict=False)
    return net.version == address.version and address in net


def port_matches(asked, ports, which):
    if asked == "any":
        return True
    if ports is None:
        return False
    first, last = (asked, asked) if isinstance(asked, int) else (asked.split("-") * 2)[:2]
    return int(first) <= ports[which] <= int(last)


def matches(rule, seen):
    asked = rule.get("match", {})
    dscp = asked.get("dscp", "any")
    codes = None if dscp == "any" else [codepoint(c) for c in (dscp if isinstance(dscp, list) else [dscp])]
    protocol = asked.get("protocol", "any")
    protocol = {"tcp": 6, "udp": 17, "icmp": 1}.get(protocol, protocol)
    fragments = asked.get("fragments", "any")
    return (
        address_matches(asked.get("src", "any"), seen["src"])
        and address_matches(asked.get("dst", "any"), seen["dst"])
        and (protocol == "any" or int(protocol) == seen["protocol"])
        and port_matches(asked.get("src_ports", "any"), seen["ports"], 0)
        and port_matches(asked.get("dst_ports", "any"), seen["ports"], 1)
        and (codes is None or seen["dscp"] in codes)
        and (fragments == "any" or (fragments == "later-only") == seen["later"])
    )


class Meter:
    """Buckets by the definition: the k-th token of a rate is there from k/rate on."""

    def __init__(self, spec, start):
        self.spec, self.start, self.last = spec, start, start
        kind = spec["kind"]
        first, second = {"token-bucket": ("burst", None), "srtcm": ("cbs", "ebs"), "trtcm": ("cbs", "pbs"), "rfc4115": ("cbs", "ebs")}[kind]
        self.bursts = [spec[first], spec[second] if second else 0]
        self.levels = list(self.bursts)

    def made(self, rate, now):
        return int(Fraction(rate * (now - self.start), 10**9))

    def color(self, now, length, own):
        spec, kind = self.spec, self.spec["kind"]
        now = max(now, self.last)
        grown = lambda rate: self.made(rate, now) - self.made(rate, self.last)
        rates = {"token-bucket": ("rate",), "srtcm": ("cir",), "trtcm": ("cir", "pir"), "rfc4115": ("cir", "eir")}[kind]
        more = [grown(spec[rate]) for rate in rates] + [0]
        if kind == "srtcm":
            more[1] = max(0, self.levels[0] + more[0] - self.bursts[0])
        self.levels = [min(burst, level + new) for burst, level, new in zip(self.bursts, self.levels, more)]
        self.last = now
        own = own if spec.get("mode", "blind") == "aware" else 0
        fits = [level >= length for level in self.levels]
        if kind == "token-bucket":
            color = own if own < 2 and fits[0] else 2
            takes = [0] if color < 2 else []
        elif kind == "trtcm":
            color = 2 if own == 2 or not fits[1] else 1 if own == 1 or not fits[0] else 0
            takes = [[0, 1], [1], []][color]
        else:
            color = 0 if own == 0 and fits[0] else 1 if own < 2 and fits[1] else 2
            takes = [[0], [1], []][color]
        for bucket in takes:
            self.levels[bucket] -= length
        return color


def own_color(dscp):
    return (dscp & 7) // 2 - 1 if 8 <= dscp < 40 and dscp & 7 in (2, 4, 6) else 0


def egress(agreement, dscp):
    how = agreement.get("egress", "keep")
    if how == "class-selectors":
        return 8 if dscp == 1 else dscp & 0o70
    return 0 if how == "zero" else dscp


def run(agreement_file, capture):
    agreement = json.load(open(agreement_file))
    rules = agreement["rules"] + [{"name": "default", "action": agreement.get("default", {"pass": True})}]
    meters, counts = None, [{} for _ in rules]
    totals = {"frames": 0, "not_ip": 0, "unreadable": 0}

    def add(place, key, length):
        packets, octets = counts[place].get(key, (0, 0))
        counts[place][key] = (packets + 1, octets + length)

    for link, now, frame in frames(capture):
        totals["frames"] += 1
        if meters is None:
            meters = [Meter(rule["meter"], now) if "meter" in rule else None for rule in rules]
        octets = network(link, frame)
        if octets is None:
            totals["not_ip"] += 1
            continue
        seen = packet(octets)
        if seen is None:
            totals["unreadable"] += 1
            continue
        place = next(place for place, rule in enumerate(rules) if place == len(rules) - 1 or matches(rule, seen))
        rule, length = rules[place], seen["length"]
        add(place, "matched", length)
        action = rule.get("action")
        if meters[place]:
            name = ["green", "yellow", "red"][meters[place].color(now, length, own_color(seen["dscp"]))]
            add(place, name, length)
            action = rule[name]
        if action.get("drop"):
            add(place, "dropped", length)
            continue
        mark = codepoint(action["mark"]) if "mark" in action else seen["dscp"]
        if egress(agreement, mark) != seen["dscp"]:
            add(place, "marked", length)
        add(place, "forwarded", length)
    named = [{"name": rule["name"], **{key: {"packets": p, "octets": o} for key, (p, o) in count.items()}} for rule, count in zip(rules, counts)]
    print(json.dumps({**totals, "rules": named[:-1], "default": named[-1]}))



for line in sys.stdin:
    run(*line.rstrip("\n").split("\t"))
